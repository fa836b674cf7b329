#include "nn/testing/reference.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace shadowtutor::nn::reference {
namespace {

constexpr double kMeanBgr[3] = {103.530, 116.280, 123.675};

template <typename T>
Tensor<T> InputOf(ImageView frame) {
  Tensor<T> x(3, frame.height, frame.width);
  for (int y = 0; y < frame.height; ++y) {
    const uint8_t* pixels = frame.row(y);
    for (int column = 0; column < frame.width; ++column) {
      for (int c = 0; c < 3; ++c) {
        x.row(c, y)[column] = static_cast<T>(pixels[3 * column + c]) - static_cast<T>(kMeanBgr[c]);
      }
    }
  }
  return x;
}

}  // namespace

template <typename T>
Network<T>::Network(std::shared_ptr<const NetworkLayout> layout, std::vector<T> weights)
    : layout_(std::move(layout)), weights_(std::move(weights)) {
  if (weights_.size() != layout_->size()) {
    throw Error(ErrorCode::kInvalidArgument, "the weights are not this network's");
  }
}

template <typename T>
Network<T>::Network(const Checkpoint& student)
    : Network(student.layout, std::vector<T>(student.weights.begin(), student.weights.end())) {}

template <typename T>
std::span<const T> Network<T>::Weight(const std::string& name) const {
  const auto& info = layout_->Find(name);
  return std::span<const T>(weights_).subspan(info.offset, info.count);
}

template <typename T>
ConvShape Network<T>::ShapeOf(const std::string& name, int stride) const {
  const auto& shape = layout_->Find(name + ".weight").shape;
  return {shape[0], shape[1], shape[2], shape[3], stride};
}

template <typename T>
Tensor<T> Network<T>::Convolve(const std::string& name, const Tensor<T>& x, int stride) const {
  return Conv(x, Weight(name + ".weight"), Weight(name + ".bias"), ShapeOf(name, stride));
}

// Writes the parameters' gradients and returns that of x.
template <typename T>
Tensor<T> Network<T>::ConvolveBackward(const std::string& name, const Tensor<T>& x,
                                       const Tensor<T>& dy, int stride,
                                       std::vector<T>& gradient) const {
  auto gradients = ConvBackward(x, Weight(name + ".weight"), dy, ShapeOf(name, stride));
  const auto put = [&](const std::string& parameter, const std::vector<T>& values) {
    std::copy(values.begin(), values.end(),
              gradient.begin() + static_cast<ptrdiff_t>(layout_->Find(parameter).offset));
  };
  put(name + ".weight", gradients.weight);
  put(name + ".bias", gradients.bias);
  return std::move(gradients.x);
}

template <typename T>
Tensor<T> Network<T>::ForwardBlock(const std::string& name, const Tensor<T>& x, int stride) {
  BlockState& s = blocks_[name];
  s.x = x;
  s.normalised =
      Norm(x, Weight(name + ".preact_path.0.weight"), Weight(name + ".preact_path.0.bias"));
  s.activated = Relu(s.normalised);
  s.wide = Convolve(name + ".long_path.0", s.activated, stride);
  s.wide_activated = Relu(s.wide);
  s.middle = Convolve(name + ".long_path.2", s.wide_activated, 1);
  Tensor<T> y = Convolve(name + ".long_path.3", s.middle, 1);
  const bool projects = y.channels != x.channels;
  AddTo(y, projects ? Convolve(name + ".short_path", s.activated, stride) : Subsample(x, stride));
  return y;
}

template <typename T>
Tensor<T> Network<T>::BackwardBlock(const std::string& name, const Tensor<T>& dy, int stride,
                                    std::vector<T>& gradient) const {
  const BlockState& s = blocks_.at(name);
  const Tensor<T> d_middle = ConvolveBackward(name + ".long_path.3", s.middle, dy, 1, gradient);
  const Tensor<T> d_wide_activated =
      ConvolveBackward(name + ".long_path.2", s.wide_activated, d_middle, 1, gradient);
  const Tensor<T> d_wide = ReluBackward(s.wide, d_wide_activated);
  Tensor<T> d_activated =
      ConvolveBackward(name + ".long_path.0", s.activated, d_wide, stride, gradient);
  const bool projects = dy.channels != s.x.channels;
  if (projects) {
    AddTo(d_activated, ConvolveBackward(name + ".short_path", s.activated, dy, stride, gradient));
  }
  auto norm = NormBackward(s.x, Weight(name + ".preact_path.0.weight"),
                           ReluBackward(s.normalised, d_activated));
  const auto put = [&](const std::string& parameter, const std::vector<T>& values) {
    std::copy(values.begin(), values.end(),
              gradient.begin() + static_cast<ptrdiff_t>(layout_->Find(parameter).offset));
  };
  put(name + ".preact_path.0.weight", norm.scale);
  put(name + ".preact_path.0.bias", norm.shift);
  if (!projects) AddTo(norm.x, SubsampleBackward(dy, s.x.height, s.x.width, stride));
  return std::move(norm.x);
}

template <typename T>
Tensor<T> Network<T>::ForwardStage(Stage stage, const Tensor<T>& x, int stride) {
  Tensor<T> y = ForwardBlock(std::string(StageName(stage)), x, stride);
  for (int i = 1; i < layout_->spec().depth; ++i) {
    y = ForwardBlock(std::string(StageName(stage)) + ".more." + std::to_string(i), y, 1);
  }
  return y;
}

template <typename T>
Tensor<T> Network<T>::BackwardStage(Stage stage, Tensor<T> dy, int stride,
                                    std::vector<T>& gradient) const {
  for (int i = layout_->spec().depth - 1; i > 0; --i) {
    const std::string name = std::string(StageName(stage)) + ".more." + std::to_string(i);
    dy = BackwardBlock(name, dy, 1, gradient);
  }
  return BackwardBlock(std::string(StageName(stage)), dy, stride, gradient);
}

template <typename T>
void Network<T>::Forward(ImageView frame) {
  auto& a = activations_;
  input_ = InputOf<T>(frame);
  a["in_conv1"] = Convolve("in_conv1", input_, 2);
  a["in_conv2"] = Convolve("in_conv2", a["in_conv1"], 2);
  a["enc1"] = ForwardStage(Stage::kEnc1, a["in_conv2"], 2);
  a["enc2"] = ForwardStage(Stage::kEnc2, a["enc1"], 2);
  a["enc3"] = ForwardStage(Stage::kEnc3, a["enc2"], 2);
  a["dec1"] = ForwardStage(Stage::kDec1, a["enc3"], 1);
  a["dec1_up"] = Resize(a["dec1"], a["enc2"].height, a["enc2"].width);
  a["dec2"] = ForwardStage(Stage::kDec2, Concat(a["dec1_up"], a["enc2"]), 1);
  a["dec2_up"] = Resize(a["dec2"], a["enc1"].height, a["enc1"].width);
  a["dec3"] = ForwardStage(Stage::kDec3, Concat(a["dec2_up"], a["enc1"]), 1);
  a["dec3_up"] = Resize(a["dec3"], a["in_conv1"].height, a["in_conv1"].width);
  a["out_conv1"] = Convolve("out_conv1", a["dec3_up"], 1);
  a["out_conv2"] = Convolve("out_conv2", a["out_conv1"], 1);
  a["logits"] = Convolve("out_conv3", Resize(a["out_conv2"], input_.height, input_.width), 1);
}

template <typename T>
const Tensor<T>& Network<T>::Activation(std::string_view name) const {
  const auto found = activations_.find(name);
  if (found == activations_.end()) {
    throw Error(ErrorCode::kNotFound, "no activation is called '" + std::string(name) + "'");
  }
  return found->second;
}

template <typename T>
double Network<T>::KinkDistance(Stage cut) const {
  double nearest = 1;
  for (const auto& [name, block] : blocks_) {
    if (ParseStage(name.substr(0, name.find('.'))) < cut) continue;
    for (const Tensor<T>* input : {&block.normalised, &block.wide}) {
      T largest = 0, smallest = std::numeric_limits<T>::infinity();
      for (const T v : input->values) {
        largest = std::max(largest, std::abs(v));
        smallest = std::min(smallest, std::abs(v));
      }
      nearest = std::min(nearest, static_cast<double>(smallest / largest));
    }
  }
  return nearest;
}

template <typename T>
Backward<T> Network<T>::LossAndGradient(const LabelMap& label, std::span<const float> pixel_weight,
                                        Stage cut) const {
  const auto& spec = layout_->spec();
  const auto loss = WeightedCrossEntropy(Activation("logits"), label, pixel_weight);
  std::vector<T> g(weights_.size());

  const Tensor<T>&out_conv1 = Activation("out_conv1"), &out_conv2 = Activation("out_conv2"),
        &dec3_up = Activation("dec3_up"), &dec3 = Activation("dec3"), &dec2 = Activation("dec2"),
        &dec1 = Activation("dec1");
  Tensor<T> d = ConvolveBackward("out_conv3", Resize(out_conv2, input_.height, input_.width),
                                 loss.logits, 1, g);
  d = ResizeBackward(d, out_conv2.height, out_conv2.width);
  d = ConvolveBackward("out_conv2", out_conv1, d, 1, g);
  d = ConvolveBackward("out_conv1", dec3_up, d, 1, g);
  d = BackwardStage(Stage::kDec3, ResizeBackward(d, dec3.height, dec3.width), 1, g);
  Tensor<T> d_enc1 = Slice(d, spec.dec2, spec.enc1);
  d = BackwardStage(Stage::kDec2, ResizeBackward(Slice(d, 0, spec.dec2), dec2.height, dec2.width),
                    1, g);
  Tensor<T> d_enc2 = Slice(d, spec.dec1, spec.enc2);
  d = BackwardStage(Stage::kDec1, ResizeBackward(Slice(d, 0, spec.dec1), dec1.height, dec1.width),
                    1, g);
  AddTo(d_enc2, BackwardStage(Stage::kEnc3, d, 2, g));
  AddTo(d_enc1, BackwardStage(Stage::kEnc2, d_enc2, 2, g));
  d = BackwardStage(Stage::kEnc1, d_enc1, 2, g);
  d = ConvolveBackward("in_conv2", Activation("in_conv1"), d, 2, g);
  ConvolveBackward("in_conv1", input_, d, 2, g);

  const auto first = static_cast<ptrdiff_t>(layout_->TrainedOffset(cut));
  return {loss.loss, std::vector<T>(g.begin() + first, g.end())};
}

template <typename T>
void Adam<T>::Step(std::span<T> weights, std::span<const T> gradient) {
  ++steps_;
  const T beta1 = static_cast<T>(options_.beta1), beta2 = static_cast<T>(options_.beta2);
  const T correction1 = static_cast<T>(1 - std::pow(options_.beta1, steps_));
  const T correction2 = static_cast<T>(1 - std::pow(options_.beta2, steps_));
  for (size_t i = 0; i < weights.size(); ++i) {
    moment1_[i] = beta1 * moment1_[i] + (1 - beta1) * gradient[i];
    moment2_[i] = beta2 * moment2_[i] + (1 - beta2) * gradient[i] * gradient[i];
    weights[i] -= static_cast<T>(options_.learning_rate) * (moment1_[i] / correction1) /
                  (std::sqrt(moment2_[i] / correction2) + static_cast<T>(options_.epsilon));
  }
}

template class Network<float>;
template class Network<double>;
template class Adam<float>;
template class Adam<double>;

}  // namespace shadowtutor::nn::reference
