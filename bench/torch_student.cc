#include "torch_student.h"

#include <torch/torch.h>
#include <torch/version.h>

#include <cstring>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "distill/miou.h"
#include "nn/testing/parameters.h"

namespace shadowtutor::bench {
namespace {

namespace F = torch::nn::functional;
using nn::Stage;
using torch::Tensor;
using torch::indexing::None;
using torch::indexing::Slice;

Tensor MeanBgr() { return torch::tensor({103.530f, 116.280f, 123.675f}).view({1, 3, 1, 1}); }

Tensor SizeOf(const Tensor& x, at::IntArrayRef like) {
  return F::interpolate(x, F::InterpolateFuncOptions()
                               .size(std::vector<int64_t>{like[2], like[3]})
                               .mode(torch::kBilinear)
                               .align_corners(false));
}

}  // namespace

struct TorchStudent::Impl {
  TorchStyle style;
  Stage cut;
  int64_t classes;
  std::map<std::string, Tensor> parameters;
  std::vector<Tensor> trained;
  std::optional<torch::optim::Adam> adam;
  bool channels_last;
  Tensor mean = MeanBgr(), deviation = torch::ones({1, 3, 1, 1});

  // The key frame's.
  Tensor image, target, weight;
  LabelMap label, prediction;
  Tensor in1, enc1, enc2, dec1;  // tuned: features of the frozen part
  Tensor logits;

  bool tuned() const { return style == TorchStyle::kTuned; }

  Impl(const nn::Checkpoint& student, TorchStyle style_, Stage cut_, double learning_rate)
      : style(style_),
        cut(cut_),
        classes(student.layout->spec().classes),
        channels_last(tuned() && cut > Stage::kDec1) {
    for (const auto& info : student.layout->parameters()) {
      const auto values = nn::Parameter(student, info.name);
      const std::vector<int64_t> shape(info.shape.begin(), info.shape.end());
      Tensor tensor =
          torch::tensor(std::vector<float>(values.begin(), values.end())).reshape(shape);
      if (channels_last && shape.size() == 4) {
        tensor = tensor.contiguous(torch::MemoryFormat::ChannelsLast);
      }
      if (info.stage >= cut) {
        tensor.set_requires_grad(true);
        trained.push_back(tensor);
      }
      parameters[info.name] = tensor;
    }
    if (!trained.empty()) {
      adam.emplace(trained, torch::optim::AdamOptions(learning_rate).betas({0.9, 0.999}).eps(1e-8));
    }
  }

  const Tensor& P(const std::string& name) const { return parameters.at(name); }

  Tensor Conv(const std::string& name, const Tensor& x, int64_t stride) const {
    const Tensor& w = P(name + ".weight");
    return torch::conv2d(x, w, P(name + ".bias"), stride, {w.size(2) / 2, w.size(3) / 2});
  }

  Tensor Relu(Tensor x) const { return tuned() ? x.relu_() : x.relu(); }

  Tensor Block(const std::string& name, const Tensor& x, int64_t stride) const {
    const Tensor p =
        Relu(torch::batch_norm(x, P(name + ".preact_path.0.weight"),
                               P(name + ".preact_path.0.bias"), {}, {}, true, 0.0, 1e-5, false));
    Tensor y = Relu(Conv(name + ".long_path.0", p, stride));
    y = Conv(name + ".long_path.3", Conv(name + ".long_path.2", y, 1), 1);
    const Tensor shortcut =
        parameters.count(name + ".short_path.weight")
            ? Conv(name + ".short_path", p, stride)
            : x.index({Slice(), Slice(), Slice(None, None, stride), Slice(None, None, stride)});
    return tuned() ? y.add_(shortcut) : shortcut + y;
  }

  // Up to dec1 and its resize.
  void Encode(const Tensor& input) {
    in1 = Conv("in_conv1", input, 2);
    enc1 = Block("enc1", Conv("in_conv2", in1, 2), 2);
    enc2 = Block("enc2", enc1, 2);
    dec1 = SizeOf(Block("dec1", Block("enc3", enc2, 2), 1), enc2.sizes());
  }

  // From dec1's resized features to logits at `size`.
  Tensor Decode(at::IntArrayRef size) const {
    const Tensor dec2 = SizeOf(Block("dec2", torch::cat({dec1, enc2}, 1), 1), enc1.sizes());
    const Tensor dec3 = SizeOf(Block("dec3", torch::cat({dec2, enc1}, 1), 1), in1.sizes());
    const Tensor out = Conv("out_conv2", Conv("out_conv1", dec3, 1), 1);
    if (tuned()) return SizeOf(Conv("out_conv3", out, 1), size);
    return Conv("out_conv3", SizeOf(out, size), 1);
  }

  // The bytes as [1][3][H][W] floats, not scaled.
  Tensor Floats(ImageView frame) const {
    const Tensor bytes = torch::from_blob(const_cast<uint8_t*>(frame.data),
                                          {1, frame.height, frame.width, 3}, torch::kUInt8)
                             .permute({0, 3, 1, 2});
    // Permuted bytes are channels last already.
    return channels_last ? bytes.to(torch::kFloat32)
                         : bytes.to(torch::kFloat32, false, false, torch::MemoryFormat::Contiguous);
  }

  Tensor Normalised(const Tensor& floats) const {
    return tuned() ? floats - mean : (floats - mean) / deviation;
  }

  void CopyLabels(const Tensor& scores, LabelMap& labels) const {
    const Tensor bytes = scores.argmax(1).to(torch::kUInt8);
    labels.Resize({static_cast<int>(scores.size(3)), static_cast<int>(scores.size(2))});
    std::memcpy(labels.labels().data(), bytes.data_ptr<uint8_t>(), labels.labels().size());
  }

  void ForwardKeyFrame() {
    if (!tuned() || cut <= Stage::kDec1) Encode(tuned() ? image : Normalised(image));
    logits = Decode(image.sizes());
  }

  Tensor Loss() const {
    const Tensor log_probabilities = logits.squeeze(0).log_softmax(0);
    const Tensor of_target = log_probabilities.gather(0, target).squeeze();
    return -(of_target * weight).mean();
  }

  double MeanIoU() {
    const torch::NoGradGuard no_grad;
    if (tuned()) {
      CopyLabels(logits, prediction);
      return distill::MeanIoU(prediction, label, static_cast<int>(classes));
    }
    const Tensor predicted = F::one_hot(logits.squeeze(0).argmax(0), classes);
    const Tensor labelled = F::one_hot(target.squeeze(0), classes);
    const std::vector<int64_t> pixels = {0, 1};
    const Tensor both = (predicted * labelled).sum(pixels);
    const Tensor either = (predicted + labelled).sum(pixels) - both;
    const Tensor occurring = either > 0;
    return (both.index({occurring}).to(torch::kFloat32) / either.index({occurring}))
        .mean()
        .item<double>();
  }
};

TorchStudent::TorchStudent(const nn::Checkpoint& student, TorchStyle style, Stage cut,
                           double learning_rate)
    : impl_(std::make_unique<Impl>(student, style, cut, learning_rate)) {}
TorchStudent::~TorchStudent() = default;

void TorchStudent::Predict(ImageView frame, LabelMap& labels) {
  const torch::InferenceMode guard;
  Impl& s = *impl_;
  const Tensor floats = s.Floats(frame);
  s.Encode(s.Normalised(floats));
  s.CopyLabels(s.Decode(floats.sizes()), labels);
}

void TorchStudent::SetKeyFrame(ImageView frame, const LabelMap& label,
                               std::span<const float> pixel_weights) {
  Impl& s = *impl_;
  const std::vector<int64_t> shape = {1, frame.height, frame.width};
  s.image = s.tuned() ? s.Normalised(s.Floats(frame)) : s.Floats(frame);
  s.label = label;
  s.target = torch::tensor(std::vector<int64_t>(label.labels().begin(), label.labels().end()))
                 .reshape(shape);
  s.weight =
      torch::tensor(std::vector<float>(pixel_weights.begin(), pixel_weights.end())).reshape(shape);
  if (s.tuned() && s.cut > Stage::kDec1) {
    const torch::NoGradGuard no_grad;
    s.Encode(s.image);
  }
  s.ForwardKeyFrame();
}

TorchStudent::StepResult TorchStudent::Step() {
  Impl& s = *impl_;
  if (s.tuned()) {
    for (Tensor& tensor : s.trained) tensor.mutable_grad().reset();
  } else {
    s.adam->zero_grad();
  }
  const Tensor loss = s.Loss();
  loss.backward();
  s.adam->step();
  s.ForwardKeyFrame();
  return {loss.item<double>(), s.MeanIoU()};
}

void SetTorchThreads(int threads) { at::set_num_threads(threads); }

std::string TorchDescription() {
  return std::string("libtorch ") + TORCH_VERSION + (at::hasMKL() ? ", MKL" : "") +
         (at::globalContext().userEnabledMkldnn() && at::globalContext().hasMKLDNN()
              ? ", oneDNN"
              : ", without oneDNN");
}

}  // namespace shadowtutor::bench
