// Cases of the stem, convolution by convolution and composed.
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "nn/kernels/stem.h"
#include "nn/kernels/stem_composed.h"
#include "nn/testing/convolution_chain.h"
#include "nn/testing/differential.h"

namespace shadowtutor::nn::differential {
namespace {

// A frame, the stem's weights, and what plain loops make of them.
class StemCase {
 public:
  StemCase(Draw& draw, int width, int height)
      : width_(width),
        height_(height),
        // Rows with gaps between them. The memory ends with the last row, so a read past it is
        // found.
        stride_(3 * width + draw.Choice(0, 5)),
        bytes_(static_cast<size_t>(stride_ * (height - 1) + 3 * width)) {
    for (uint8_t& byte : bytes_) byte = static_cast<uint8_t>(draw.random().Integer(0, 255));
    const int c1 = 4 * draw.Choice(1, 4), c2 = 4 * draw.Choice(1, 4);
    DoubleTensor x(3, height, width);
    for (int c = 0; c < 3; ++c) {
      for (int y = 0; y < height; ++y) {
        for (int i = 0; i < width; ++i) {
          x.row(c, y)[i] = frame().row(y)[3 * i + c] - static_cast<double>(kMeanBgr[c]);
        }
      }
    }
    chain_.layers = {DrawLayer(draw, {c1, 3, 3, 3, 2}), DrawLayer(draw, {c2, c1, 3, 3, 2})};
    magnitude_ = chain_.Magnitude();
    magnitude_.Forward(Magnitudes(x));
    chain_.Forward(std::move(x));
    weight1 = Floats(chain_.layers[0].weight);
    bias1 = Floats(chain_.layers[0].bias);
    weight2 = Floats(chain_.layers[1].weight);
    bias2 = Floats(chain_.layers[1].bias);
  }

  int c1() const { return chain_.layers[0].shape.out; }
  int c2() const { return chain_.layers[1].shape.out; }
  ImageView frame() const { return {bytes_.data(), width_, height_, stride_}; }
  StemParameters parameters() const { return {weight1, bias1, weight2, bias2}; }
  const DoubleTensor& expected() const { return chain_.activations.back(); }
  const DoubleTensor& magnitudes() const { return magnitude_.activations.back(); }
  std::string Words() const {
    std::ostringstream words;
    words << width_ << "x" << height_ << ", rows " << stride_ << " bytes apart, " << c1() << " and "
          << c2() << " channels";
    return words.str();
  }

  /// Calls backward(the output's gradient, where the parameters' gradients belong).
  template <typename Backward>
  void CompareGradients(Draw& draw, bool first_too, const Backward& backward,
                        Outcome& outcome) const {
    const auto dy = draw.Tensor(c2(), expected().height, expected().width);
    const auto gradients = chain_.Backward(dy),
               gradient_magnitudes = magnitude_.Backward(Magnitudes(dy));
    LayerGradients first(chain_.layers[0]), second(chain_.layers[1]);
    StemGradients to = {{}, {}, second.weight, second.bias};
    if (first_too) {
      to.weight1 = first.weight;
      to.bias1 = first.bias;
    }
    backward(Guarded(dy), to);
    second.CompareTo("in_conv2", gradients[1], gradient_magnitudes[1], outcome);
    if (first_too) first.CompareTo("in_conv1", gradients[0], gradient_magnitudes[0], outcome);
  }

  std::vector<float> weight1, bias1, weight2, bias2;

 private:
  int width_, height_, stride_;
  std::vector<uint8_t> bytes_;
  Chain chain_, magnitude_;
};

}  // namespace

Outcome Stem(Draw& draw) {
  const int width = draw.Coin() ? draw.Side(150) : draw.Side(20), height = draw.Side(40);
  const StemCase stem(draw, width, height);
  const int c1 = stem.c1(), c2 = stem.c2();
  const ImageView frame = stem.frame();
  StemWeights weights(c1, c2);
  weights.Repack(stem.weight1, stem.bias1, stem.weight2, stem.bias2);
  const bool keep = draw.Coin(), first_too = draw.Coin();
  StemActivations kept;
  Scratch scratch;
  const Guarded out(c2, stem.expected().height, stem.expected().width);
  StemForward(weights, frame, out, keep ? &kept : nullptr, scratch);
  Outcome outcome;
  outcome.shape = stem.Words() + (!keep ? "" : first_too ? ", both gradients" : ", one gradient");
  out.CompareTo("output", stem.expected(), stem.magnitudes(), outcome);
  if (!keep) return outcome;
  stem.CompareGradients(
      draw, first_too,
      [&](const View& dy, const StemGradients& gradients) {
        StemBackward(weights, frame, kept, dy, stem.weight2, gradients.weight1, gradients.bias1,
                     gradients.weight2, gradients.bias2, scratch);
      },
      outcome);
  return outcome;
}

Outcome ComposedStemOfSize(Draw& draw, int width, int height) {
  const StemCase stem(draw, width, height);
  ComposedStem weights(stem.c2());
  weights.Compose(stem.parameters());
  const bool first_too = draw.Coin();
  Scratch scratch;
  const Guarded out(stem.c2(), stem.expected().height, stem.expected().width);
  StemForwardComposed(weights, stem.frame(), out, scratch);
  Outcome outcome;
  outcome.shape = stem.Words() + (first_too ? ", both gradients" : ", one gradient");
  out.CompareTo("output", stem.expected(), stem.magnitudes(), outcome);
  stem.CompareGradients(
      draw, first_too,
      [&](const View& dy, const StemGradients& gradients) {
        StemBackwardComposed(stem.parameters(), stem.frame(), dy, gradients, scratch);
      },
      outcome);
  return outcome;
}

Outcome StemComposed(Draw& draw) {
  const int width = draw.Coin() ? draw.Side(150) : draw.Side(20), height = draw.Side(40);
  return ComposedStemOfSize(draw, width, height);
}

}  // namespace shadowtutor::nn::differential
