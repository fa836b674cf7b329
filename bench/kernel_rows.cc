#include "kernel_rows.h"

#include <algorithm>
#include <array>
#include <memory>
#include <numeric>
#include <utility>

#include "core/parallel.h"
#include "distill/miou.h"
#include "executed_count.h"
#include "nn/backward.h"
#include "nn/forward.h"
#include "nn/kernels/adam.h"
#include "nn/kernels/conv_gradient.h"
#include "nn/learner.h"
#include "nn/packed_weights.h"
#include "nn/predictor.h"
#include "scene.h"

namespace shadowtutor::bench {
namespace {

using namespace nn;  // NOLINT(google-build-using-namespace): every other word here is the engine's

constexpr int kEnc1 = 0, kDec1 = 3, kDec2 = 4, kDec3 = 5;

double Pixels(const View& view) { return static_cast<double>(view.height) * view.width; }
double Bytes(const View& view) { return 4.0 * view.channels * Pixels(view); }
double Bytes(const Buffer& buffer) { return 4.0 * static_cast<double>(buffer.size()); }

// The network at work: a forward and a backward pass have gone through all of it.
struct Network {
  explicit Network(FrameSize size)
      : scene(size),
        layout(scene.student.layout),
        spec(layout->spec()),
        weights(scene.student.weights),
        composed(layout, kNoStage),
        separate(layout, kFullDistillation),
        forward(spec, size, kFullDistillation),
        logits{nullptr, spec.classes, forward.levels.height[1], forward.levels.width[1]},
        logits_floats(logits.floats()),
        prediction(size.width, size.height),
        backward(spec, forward.levels, kFullDistillation),
        gradient(weights.size()),
        moment1(weights.size()),
        moment2(weights.size()) {
    logits.data = logits_floats.data();
    composed.Update(weights, kFullDistillation);
    separate.Update(weights, kFullDistillation);
    ForwardStem(separate, scene.frame, forward, true);
    for (int i = 0; i < kBlocks; ++i) {
      transposed[static_cast<size_t>(i)] = MakeBackwardWeights(ShapeOf(spec, i));
      Repack(*layout, weights, i, transposed[static_cast<size_t>(i)], forward.scratch);
      ForwardBlock(separate, i, forward);
    }
    ForwardLogits(separate, forward, logits, prediction.labels().data());
    Backward(separate, weights, transposed, kFullDistillation, scene.frame, forward, logits,
             scene.label.labels().data(), scene.pixel_weights.data(), backward, gradient);
  }

  const BlockActivations& a(int block) const { return forward.blocks[static_cast<size_t>(block)]; }
  const BackwardWorkspace::Block& g(int block) const {
    return backward.blocks[static_cast<size_t>(block)];
  }
  const BlockBackwardWeights& t(int block) const { return transposed[static_cast<size_t>(block)]; }
  std::span<const float> Parameter(const std::string& name) const {
    const ParameterInfo& info = layout->Find(name);
    return std::span<const float>(weights).subspan(info.offset, info.count);
  }

  Scene scene;
  std::shared_ptr<const NetworkLayout> layout;
  NetworkSpec spec;
  std::vector<float> weights;
  PackedWeights composed;  // as predictors have them
  PackedWeights separate;  // as a learner that trains everything has them
  ForwardWorkspace forward;
  LogitPlanes logits;
  Buffer logits_floats;
  LabelMap prediction;
  std::array<BlockBackwardWeights, kBlocks> transposed;
  BackwardWorkspace backward;
  std::vector<float> gradient, moment1, moment2;
};

using Shared = std::shared_ptr<Network>;

class Rows {
 public:
  explicit Rows(Shared network) : n_(std::move(network)) {}

  void Forward() {
    const Network& n = *n_;
    const double pixels1 = 1.0 * n.forward.levels.height[1] * n.forward.levels.width[1];
    const double stem = 27.0 * n.spec.in_conv1 * pixels1 +
                        9.0 * n.spec.in_conv1 * n.spec.in_conv2 * Pixels(n.forward.stem);
    Add("forward/stem", stem, stem,
        3.0 * static_cast<double>(n.scene.frame.size().pixels()) + Bytes(n.forward.stem),
        [](Network& s) { ForwardStem(s.composed, s.scene.frame, s.forward, false); });
    for (int i = 0; i < kBlocks; ++i) ForwardRows(i);
    const double tail = TailMultiplyAdds(n.spec, n.forward.levels);
    Add("forward/tail_and_argmax", tail, PublishedTail(),
        Bytes(n.a(kDec3).out) + static_cast<double>(n.prediction.labels().size()),
        [](Network& s) { ForwardLabels(s.composed, s.forward, s.prediction.labels().data()); });
    for (int i = 0; i < kBlocks; ++i) LearnerForwardRows(i);
    Add("learner/tail", tail, PublishedTail(), Bytes(n.a(kDec3).out) + Bytes(n.logits_floats),
        [](Network& s) {
          InStrips(s, TailScratchFloats(s.forward.tail, s.separate.tail()), s.logits.height,
                   [&](int y0, int y1, float* scratch) {
                     TailRows(s.forward.tail, s.separate.tail(), s.a(kDec3).out, y0, y1, s.logits,
                              0, scratch);
                   });
        });
    Add("learner/argmax", 0, 0,
        Bytes(n.logits_floats) + static_cast<double>(n.prediction.labels().size()), [](Network& s) {
          InStrips(s, ArgmaxScratchFloats(s.forward.head, s.spec.classes), s.prediction.height(),
                   [&](int y0, int y1, float* scratch) {
                     ArgmaxRows(s.forward.head, s.logits, 0, y0, y1, s.prediction.labels().data(),
                                scratch);
                   });
        });
  }

  void Backward() {
    const Network& n = *n_;
    const double pixels = static_cast<double>(n.prediction.labels().size());
    Add("backward/loss", 0, 0, 2 * Bytes(n.logits_floats) + 5 * pixels, [](Network& s) {
      WeightedCrossEntropy(s.forward.head, s.logits, s.scene.label.labels().data(),
                           s.scene.pixel_weights.data(), s.backward.logits, s.forward.scratch);
    });
    Add("backward/tail", TailBackwardMultiplyAdds(n.spec, n.forward.levels), 2 * PublishedTail(),
        Bytes(n.logits_floats) + 2 * Bytes(n.a(kDec3).out), [](Network& s) {
          TailBackward(s.forward.tail, s.separate.tail(), s.a(kDec3).out, s.backward.logits,
                       s.backward.tail_maps, s.backward.tail_bias, &s.g(kDec3).out,
                       s.forward.scratch);
        });
    Add("backward/tail_weights", 0, 0, 0, [](Network& s) {
      s.separate.tail().Backward(FindTail(*s.layout, std::span<const float>(s.weights)),
                                 s.backward.tail_maps, s.backward.tail_bias,
                                 FindTail(*s.layout, std::span<float>(s.gradient)),
                                 s.forward.scratch);
    });
    for (int i = kBlocks - 1; i >= 0; --i) BackwardRows(i);
    const double stem1 =
        27.0 * n.spec.in_conv1 * n.forward.levels.height[1] * n.forward.levels.width[1];
    const double stem2 = 9.0 * n.spec.in_conv1 * n.spec.in_conv2 * Pixels(n.forward.stem);
    Add("backward/stem", stem1 + 2 * stem2, stem1 + 2 * stem2,
        3.0 * static_cast<double>(n.scene.frame.size().pixels()) + Bytes(n.forward.stem) +
            Bytes(n.forward.stem_rows.rows),
        [](Network& s) {
          const auto part = [&](const char* name) {
            const ParameterInfo& info = s.layout->Find(name);
            return std::span<float>(s.gradient).subspan(info.offset, info.count);
          };
          StemBackward(s.separate.stem(), s.scene.frame, s.forward.stem_rows, s.g(kEnc1).x,
                       s.Parameter("in_conv2.weight"), part("in_conv1.weight"),
                       part("in_conv1.bias"), part("in_conv2.weight"), part("in_conv2.bias"),
                       s.forward.scratch);
        });
  }

  void Update() {
    for (const Stage cut : {kPartialDistillation, kFullDistillation}) {
      const std::string which = cut == kPartialDistillation ? "partial" : "full";
      const size_t offset = n_->layout->TrainedOffset(cut);
      const double bytes = 4.0 * static_cast<double>(n_->weights.size() - offset);
      Add("update/" + which + "/adam", 0, 0, 7 * bytes, [offset](Network& s) {
        const auto from = [&](std::vector<float>& all) { return std::span(all).subspan(offset); };
        AdamUpdate({.learning_rate = kLearningRate}, 1, from(s.gradient), from(s.weights),
                   from(s.moment1), from(s.moment2));
      });
      Add("update/" + which + "/pack", 0, 0, 0,
          [cut](Network& s) { s.separate.Update(s.weights, cut); });
      Add("update/" + which + "/pack_transposed", 0, 0, 0, [cut](Network& s) {
        for (int i = 0; i < kBlocks; ++i) {
          if (BlockStage(i) < cut) continue;
          Repack(*s.layout, s.weights, i, s.transposed[static_cast<size_t>(i)], s.forward.scratch);
        }
      });
      Add("update/" + which + "/pack_for_prediction", 0, 0, 0,
          [cut](Network& s) { RepackWeights(s.composed, s.weights, cut); });
    }
    Add("update/compose_tail", 0, 0, 0,
        [tail = std::make_shared<TailWeights>(n_->spec.classes, n_->spec.dec3, n_->spec.out)](
            Network& s) { tail->Compose(FindTail(*s.layout, std::span<const float>(s.weights))); });
    Add("update/miou", 0, 0, 2.0 * static_cast<double>(n_->prediction.labels().size()),
        [](Network& s) { distill::MeanIoU(s.prediction, s.scene.label, s.spec.classes); });
  }

  // What the engine does, done otherwise.
  void Alternatives() {
    for (int i = 0; i < kBlocks; ++i) AlternativeBlockRows(i);
    AlternativeTailRows();
  }

  void Whole() {
    const FrameSize size = n_->scene.frame.size();
    const NetworkSpec& spec = n_->spec;
    auto predictor = std::make_shared<Predictor>(PackWeights(n_->layout, n_->weights));
    Add("whole/inference", ExecutedInference(spec, size), 0, 0,
        [predictor](Network& s) { predictor->Predict(s.scene.frame, s.prediction); });
    for (const Stage cut : {kPartialDistillation, kFullDistillation}) {
      auto learner = std::make_shared<Learner>(n_->layout, n_->weights, cut,
                                               AdamOptions{.learning_rate = kLearningRate});
      learner->SetFrame(n_->scene.frame);
      learner->Predict();
      Add(cut == kPartialDistillation ? "whole/partial_step" : "whole/full_step",
          ExecutedStep(spec, size, cut), 0, 0, [learner](Network& s) {
            learner->LossAndGradient(s.scene.label, s.scene.pixel_weights);
            learner->AdamStep();
            distill::MeanIoU(learner->Predict(), s.scene.label, s.spec.classes);
          });
    }
  }

  std::vector<KernelRow> Take() { return std::move(rows_); }

 private:
  template <typename Run>
  void Add(const std::string& name, double executed, double direct, double bytes, Run run) {
    rows_.push_back({name, executed, direct, bytes, [n = n_, run = std::move(run)] { run(*n); }});
  }

  // Calls body(first row, last row, scratch) for strips of rows, as the forward pass does.
  template <typename Body>
  static void InStrips(Network& s, size_t floats, int rows, const Body& body) {
    const int strips = std::clamp(2 * MaxThreads(), 1, std::max(1, rows / 8));
    const size_t per_strip = (floats + 15) / 16 * 16;
    float* all = s.forward.scratch.Floats(per_strip * static_cast<size_t>(strips));
    ParallelFor(strips, [&](int strip) {
      body(ChunkBegin(rows, strips, strip), ChunkBegin(rows, strips, strip + 1),
           all + per_strip * static_cast<size_t>(strip));
    });
  }

  double PublishedTail() const {
    const NetworkSpec& spec = n_->spec;
    const Levels& levels = n_->forward.levels;
    return 9.0 * (spec.dec3 + spec.out) * spec.out * levels.height[1] * levels.width[1] +
           1.0 * spec.out * spec.classes * levels.height[0] * levels.width[0];
  }

  static std::string Name(int block) { return std::string(StageName(BlockStage(block))); }

  void ForwardRows(int i) {
    const Network& n = *n_;
    const BlockActivations& a = n.a(i);
    const BlockWeights& w = n.composed.block(i);
    const std::string prefix = "forward/" + Name(i) + "/";
    const double in = w.shape.in, out = w.shape.out, pixels = Pixels(a.out);
    const double nine = 9 * in * out * pixels;
    Add(prefix + "norm_relu", 0, 0, 3 * Bytes(a.x), [i](Network& s) {
      const BlockActivations& b = s.a(i);
      const BlockWeights& u = s.composed.block(i);
      NormRelu(b.x, u.scale, u.shift, b.pre, s.forward.blocks[static_cast<size_t>(i)].statistics,
               s.forward.scratch);
    });
    if (w.shape.stride == 1) {
      Add(prefix + "conv3x3_winograd",
          WinogradMultiplyAdds(w.shape.in, w.shape.out, a.out.height, a.out.width), nine,
          Bytes(a.pre) + Bytes(a.mid1) + Bytes(w.conv0_fast.weights), [i](Network& s) {
            const BlockWeights& u = s.composed.block(i);
            ConvolveWinograd(s.a(i).pre, u.conv0_fast, s.a(i).mid1,
                             {.bias = u.bias0.data(), .relu = true}, s.forward.scratch);
          });
    } else {
      Add(prefix + "conv3x3_stride2", nine, nine,
          Bytes(a.pre) + Bytes(a.mid1) + Bytes(w.conv0.weights), [i](Network& s) {
            const BlockWeights& u = s.composed.block(i);
            const ConvInput input[] = {{s.a(i).pre, 2, Taps33(), &u.conv0}};
            Convolve(input, s.a(i).mid1, {.bias = u.bias0.data(), .relu = true});
          });
    }
    if (!w.shape.identity) {
      Add(prefix + "shortcut1x1", in * out * pixels, in * out * pixels,
          Bytes(a.pre) / (w.shape.stride * w.shape.stride) + Bytes(a.out), [i](Network& s) {
            const BlockWeights& u = s.composed.block(i);
            const ConvInput input[] = {{s.a(i).pre, u.shape.stride, Taps11(), &u.short_path}};
            Convolve(input, s.a(i).out);
          });
    }
    Add(prefix + "long_composed_winograd",
        WinogradMultiplyAdds(w.shape.out, w.shape.out, a.out.height, a.out.width),
        6 * out * out * pixels, Bytes(a.mid1) + 2 * Bytes(a.out) + Bytes(w.long_fast.weights),
        [i](Network& s) {
          const BlockWeights& u = s.composed.block(i);
          ConvolveWinograd(s.a(i).mid1, u.long_fast, s.a(i).out,
                           {.bias = u.bias3.data(),
                            .bias_by_row = true,
                            .accumulate = !u.shape.identity,
                            .add = u.shape.identity ? &s.a(i).x : nullptr,
                            .add_stride = u.shape.stride},
                           s.forward.scratch);
        });
    if (i == kDec1 || i == kDec2) {
      Add(prefix + "resize", 0, 0, Bytes(a.out) * (i == kDec1 ? 1 + RatioUp(5) : 1 + RatioUp(4)),
          [i](Network& s) {
            if (i == kDec1) {
              Resize(s.forward.dec1_up, s.a(i).out, s.forward.cat2.Channels(0, s.spec.dec1));
            } else {
              Resize(s.forward.dec2_up, s.a(i).out, s.forward.cat3.Channels(0, s.spec.dec2));
            }
          });
    }
  }

  // Pixels of the level above `level` per pixel of it.
  double RatioUp(int level) const {
    const Levels& l = n_->forward.levels;
    return 1.0 * l.height[level - 1] * l.width[level - 1] /
           (1.0 * l.height[level] * l.width[level]);
  }

  void LearnerForwardRows(int i) {
    const BlockActivations& a = n_->a(i);
    const BlockWeights& w = n_->separate.block(i);
    const double in = w.shape.in, out = w.shape.out, pixels = Pixels(a.out);
    const double three = 3 * out * out * pixels;
    Add("learner/" + Name(i) + "/conv1x3", three, three,
        Bytes(a.mid1) + Bytes(a.mid2) + Bytes(w.conv2.weights), [i](Network& s) {
          const BlockWeights& u = s.separate.block(i);
          const ConvInput input[] = {{s.a(i).mid1, 1, Taps13(), &u.conv2}};
          Convolve(input, s.a(i).mid2, {.bias = u.bias2.data()});
        });
    const double last = three + (w.shape.identity ? 0 : in * out * pixels);
    Add("learner/" + Name(i) + "/conv3x1_and_shortcut", last, last,
        Bytes(a.mid2) + Bytes(a.pre) + Bytes(a.out), [i](Network& s) { LastOfLearner(s, i); });
  }

  static void LastOfLearner(Network& s, int i) {
    const BlockWeights& u = s.separate.block(i);
    const BlockActivations& b = s.a(i);
    const ConvInput inputs[] = {{b.mid2, 1, Taps31(), &u.conv3},
                                {b.pre, u.shape.stride, Taps11(), &u.short_path}};
    Convolve(std::span(inputs, u.shape.identity ? 1 : 2), b.out,
             {.bias = u.bias3.data(),
              .add = u.shape.identity ? &b.x : nullptr,
              .add_stride = u.shape.stride});
  }

  void WeightGradientRow(int i, const std::string& kernel, double macs, double bytes, int kh,
                         int kw, std::function<View(Network&)> input, int stride,
                         std::function<View(Network&)> output_gradient,
                         std::function<std::span<float>(BlockParameters<float>&)> weight,
                         std::function<std::span<float>(BlockParameters<float>&)> bias) {
    Add("backward/" + Name(i) + "/" + kernel, macs, macs, bytes,
        [=, taps = ForwardTaps(kh, kw)](Network& s) {
          auto p = FindBlock(*s.layout, std::span<float>(s.gradient), BlockStage(i));
          ConvolutionWeightGradient(input(s), stride, taps, output_gradient(s), kh, kw, weight(p),
                                    bias(p), s.forward.scratch);
        });
  }

  void BackwardRows(int i) {
    const Network& n = *n_;
    const BlockActivations& a = n.a(i);
    const BlockShape shape = n.separate.block(i).shape;
    const std::string prefix = "backward/" + Name(i) + "/";
    const double in = shape.in, out = shape.out, pixels = Pixels(a.out);
    const double one = in * out * pixels, three = 3 * out * out * pixels;
    const auto pre = [i](Network& s) { return s.a(i).pre; };
    const auto g_out = [i](Network& s) { return s.g(i).out; };
    WeightGradientRow(
        i, "weights3x1", three, 2 * Bytes(a.out), 3, 1, [i](Network& s) { return s.a(i).mid2; }, 1,
        g_out, [](auto& p) { return p.weight3; }, [](auto& p) { return p.bias3; });
    if (!shape.identity) {
      WeightGradientRow(
          i, "weights1x1", one, Bytes(a.pre) + Bytes(a.out), 1, 1, pre, shape.stride, g_out,
          [](auto& p) { return p.short_weight; }, [](auto& p) { return p.short_bias; });
    }
    Add(prefix + "data3x1", three, three, 2 * Bytes(a.out), [i](Network& s) {
      const ConvInput input[] = {{s.g(i).out, 1, MirroredTaps31(), &s.t(i).conv3}};
      Convolve(input, s.g(i).mid2);
    });
    WeightGradientRow(
        i, "weights1x3", three, 2 * Bytes(a.out), 1, 3, [i](Network& s) { return s.a(i).mid1; }, 1,
        [i](Network& s) { return s.g(i).mid2; }, [](auto& p) { return p.weight2; },
        [](auto& p) { return p.bias2; });
    Add(prefix + "data1x3", three, three, 3 * Bytes(a.out), [i](Network& s) {
      const ConvInput input[] = {{s.g(i).mid2, 1, MirroredTaps13(), &s.t(i).conv2}};
      Convolve(input, s.g(i).mid1, {.positive = &s.a(i).mid1});
    });
    WeightGradientRow(
        i, "weights3x3", 9 * one, Bytes(a.pre) + Bytes(a.out), 3, 3, pre, shape.stride,
        [i](Network& s) { return s.g(i).mid1; }, [](auto& p) { return p.weight0; },
        [](auto& p) { return p.bias0; });
    if (shape.stride == 1) {
      Add(prefix + "data1x1", one, one, Bytes(a.out) + Bytes(a.pre), [i](Network& s) {
        const ConvInput input[] = {{s.g(i).out, 1, Taps11(), &s.t(i).short_path}};
        Convolve(input, s.g(i).pre);
      });
      Add(prefix + "data3x3_winograd",
          WinogradMultiplyAdds(shape.in, shape.out, a.out.height, a.out.width), 9 * one,
          Bytes(a.out) + 3 * Bytes(a.pre), [i](Network& s) {
            ConvolveWinograd(s.g(i).mid1, s.t(i).conv0_fast, s.g(i).pre,
                             {.accumulate = true, .positive = &s.a(i).pre}, s.forward.scratch);
          });
    } else {
      const double all = 9 * one + (shape.identity ? 0 : one);
      Add(prefix + "data3x3_by_parity", all, all, Bytes(a.out) + 2 * Bytes(a.pre),
          [i](Network& s) { DataByParity(s, i); });
    }
    Add(prefix + "norm", 0, 0, 5 * Bytes(a.x), [i](Network& s) {
      auto p = FindBlock(*s.layout, std::span<float>(s.gradient), BlockStage(i));
      const BackwardWorkspace::Block& g = s.g(i);
      NormReluBackward(s.a(i).x, g.pre, s.separate.block(i).scale, s.a(i).statistics, p.scale,
                       p.shift, &g.x, false, s.forward.scratch);
    });
    if (i == kDec2 || i == kDec3) {
      const int below = i - 1;
      Add(prefix + "resize", 0, 0, Bytes(n.g(below).out) * (1 + RatioUp(below == kDec1 ? 5 : 4)),
          [i, below](Network& s) {
            const View& to = s.g(below).out;
            ResizeBackward(below == kDec1 ? s.forward.dec1_up : s.forward.dec2_up,
                           s.g(i).x.Channels(0, to.channels), to, s.forward.scratch);
          });
    }
  }

  static void DataByParity(Network& s, int i) {
    const BackwardWorkspace::Block& g = s.g(i);
    const bool identity = s.separate.block(i).shape.identity;
    for (int parity = 0; parity < 4; ++parity) {
      const int py = parity / 2, px = parity % 2;
      ConvOutput out(g.pre);
      out.y0 = py;
      out.x0 = px;
      out.step = 2;
      out.height = (g.pre.height - py + 1) / 2;
      out.width = (g.pre.width - px + 1) / 2;
      if (out.height == 0 || out.width == 0) continue;
      const ConvInput inputs[] = {
          {g.mid1, 1, ParityTaps33(py, px), &s.t(i).conv0[static_cast<size_t>(parity)]},
          {g.out, 1, Taps11(), &s.t(i).short_path}};
      Convolve(std::span(inputs, parity == 0 && !identity ? 2 : 1), out, {.positive = &s.a(i).pre});
    }
  }

  // A 3x3 convolution as the plain sum over its taps.
  static std::shared_ptr<PackedConv> Direct(std::span<const float> oihw, int out, int in,
                                            bool transposed) {
    auto packed = std::make_shared<PackedConv>(
        MakePackedConv(transposed ? in : out, transposed ? out : in, 9));
    Repack(oihw, out, in, 3, 3, transposed ? MirroredTaps33() : Taps33(), transposed, *packed);
    return packed;
  }

  void AlternativeBlockRows(int i) {
    const Network& n = *n_;
    const BlockActivations& a = n.a(i);
    const BlockShape shape = n.composed.block(i).shape;
    const std::string prefix = "alternative/" + Name(i) + "/";
    const double in = shape.in, out = shape.out, pixels = Pixels(a.out);
    if (shape.stride == 1) {
      const auto weight = n.Parameter(Name(i) + ".long_path.0.weight");
      const double nine = 9 * in * out * pixels;
      Add(prefix + "conv3x3_direct", nine, nine, Bytes(a.pre) + Bytes(a.mid1),
          [i, packed = Direct(weight, shape.out, shape.in, false)](Network& s) {
            const ConvInput input[] = {{s.a(i).pre, 1, Taps33(), packed.get()}};
            Convolve(input, s.a(i).mid1, {.bias = s.composed.block(i).bias0.data(), .relu = true});
          });
      Add(prefix + "data3x3_direct", nine, nine, Bytes(a.out) + 2 * Bytes(a.pre),
          [i, packed = Direct(weight, shape.out, shape.in, true)](Network& s) {
            const ConvInput input[] = {{s.g(i).mid1, 1, MirroredTaps33(), packed.get()}};
            Convolve(input, s.g(i).pre, {.positive = &s.a(i).pre});
          });
    }
    // The long path's end without composing it, and composed but by the plain sum.
    const double six = 6 * out * out * pixels;
    Add(prefix + "long_1x3_3x1_direct", six, six, 4 * Bytes(a.out), [i](Network& s) {
      const BlockWeights& u = s.separate.block(i);
      const ConvInput first[] = {{s.a(i).mid1, 1, Taps13(), &u.conv2}};
      Convolve(first, s.a(i).mid2, {.bias = u.bias2.data()});
      const ConvInput last[] = {{s.a(i).mid2, 1, Taps31(), &u.conv3}};
      Convolve(last, s.a(i).out, {.bias = u.bias3.data(), .add = &s.a(i).mid1});
    });
    const std::vector<float> some = nn::RandomData(2).Values<float>(
        static_cast<size_t>(shape.out) * static_cast<size_t>(shape.out) * 9);
    Add(prefix + "long_composed_direct", 9 * out * out * pixels, six, 3 * Bytes(a.out),
        [i, packed = Direct(some, shape.out, shape.out, false)](Network& s) {
          const ConvInput input[] = {{s.a(i).mid1, 1, Taps33(), packed.get()}};
          Convolve(input, s.a(i).out,
                   {.bias = s.composed.block(i).bias3.data(), .add = &s.a(i).mid2});
        });
  }

  // The tail layer by layer: out_conv1 and out_conv2 at in_conv1's size, by both methods, out_conv3
  // there as well, or after upsampling all channels, as published.
  void AlternativeTailRows() {
    struct Layers {
      Tensor up, first, second, classes, full, full_classes;
      std::shared_ptr<PackedConv> conv1, conv2;
      PackedConv conv3;
      WinogradConv fast1, fast2;
      ResizePlan to_half, to_full;
    };
    const NetworkSpec& spec = n_->spec;
    const Levels& l = n_->forward.levels;
    auto t = std::make_shared<Layers>();
    t->up = Tensor(spec.dec3, l.height[1], l.width[1]);
    t->first = Tensor(spec.out, l.height[1], l.width[1]);
    t->second = Tensor(spec.out, l.height[1], l.width[1]);
    t->classes = Tensor(spec.classes, l.height[1], l.width[1]);
    t->full = Tensor(spec.out, l.height[0], l.width[0]);
    t->full_classes = Tensor(spec.classes, l.height[0], l.width[0]);
    t->to_half = ResizePlan(l.height[3], l.width[3], l.height[1], l.width[1]);
    t->to_full = ResizePlan(l.height[1], l.width[1], l.height[0], l.width[0]);
    const auto weight1 = n_->Parameter("out_conv1.weight");
    const auto weight2 = n_->Parameter("out_conv2.weight");
    t->conv1 = Direct(weight1, spec.out, spec.dec3, false);
    t->conv2 = Direct(weight2, spec.out, spec.out, false);
    t->fast1 = MakeWinogradConv(spec.out, spec.dec3);
    t->fast2 = MakeWinogradConv(spec.out, spec.out);
    TransformWeights(t->conv1->weights.data(), Taps33(), t->fast1);
    TransformWeights(t->conv2->weights.data(), Taps33(), t->fast2);
    t->conv3 = MakePackedConv(spec.classes, spec.out, 1);
    Repack(n_->Parameter("out_conv3.weight"), spec.classes, spec.out, 1, 1, Taps11(), false,
           t->conv3);

    const double pixels = Pixels(t->up.view());
    const double convs = 9.0 * (spec.dec3 + spec.out) * spec.out * pixels;
    const double fast = WinogradMultiplyAdds(spec.dec3, spec.out, l.height[1], l.width[1]) +
                        WinogradMultiplyAdds(spec.out, spec.out, l.height[1], l.width[1]);
    const double head = 1.0 * spec.out * spec.classes;
    const double traffic = Bytes(t->up.view()) * 6;
    const auto winograd = [](Network& s, const Layers& layers) {
      Resize(layers.to_half, s.a(kDec3).out, layers.up);
      ConvolveWinograd(layers.up, layers.fast1, layers.first, {}, s.forward.scratch);
      ConvolveWinograd(layers.first, layers.fast2, layers.second, {}, s.forward.scratch);
    };
    const auto direct = [](Network& s, const Layers& layers) {
      Resize(layers.to_half, s.a(kDec3).out, layers.up);
      const ConvInput one[] = {{layers.up, 1, Taps33(), layers.conv1.get()}};
      Convolve(one, layers.first.view());
      const ConvInput two[] = {{layers.first, 1, Taps33(), layers.conv2.get()}};
      Convolve(two, layers.second.view());
    };
    const auto half_head = [](const Layers& layers) {
      const ConvInput input[] = {{layers.second, 1, Taps11(), &layers.conv3}};
      Convolve(input, layers.classes.view());
    };
    const auto full_head = [](const Layers& layers) {
      Resize(layers.to_full, layers.second, layers.full);
      const ConvInput input[] = {{layers.full, 1, Taps11(), &layers.conv3}};
      Convolve(input, layers.full_classes.view());
    };
    Add("alternative/tail/layers_winograd", fast + head * pixels, PublishedTail(), traffic,
        [=](Network& s) { winograd(s, *t), half_head(*t); });
    Add("alternative/tail/layers_direct", convs + head * pixels, PublishedTail(), traffic,
        [=](Network& s) { direct(s, *t), half_head(*t); });
    const double full = traffic + 2 * Bytes(t->full.view()) + Bytes(t->full_classes.view());
    Add("alternative/tail/published_winograd", fast + head * Pixels(t->full.view()),
        PublishedTail(), full, [=](Network& s) { winograd(s, *t), full_head(*t); });
    Add("alternative/tail/published_direct", PublishedTail(), PublishedTail(), full,
        [=](Network& s) { direct(s, *t), full_head(*t); });
  }

  Shared n_;
  std::vector<KernelRow> rows_;
};

}  // namespace

std::vector<KernelRow> MakeKernelRows(FrameSize size) {
  Rows rows(std::make_shared<Network>(size));
  rows.Forward();
  rows.Backward();
  rows.Update();
  rows.Whole();
  rows.Alternatives();
  return rows.Take();
}

}  // namespace shadowtutor::bench
