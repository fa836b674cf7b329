#include "kernel_rows.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>

#include "core/parallel.h"
#include "distill/miou.h"
#include "distill/trainer.h"
#include "executed_count.h"
#include "kernel_network.h"
#include "nn/kernels/adam.h"
#include "nn/kernels/conv_gradient.h"
#include "nn/kernels/loss.h"
#include "nn/kernels/stem_composed.h"
#include "nn/predictor.h"

namespace shadowtutor::bench {
namespace {

using namespace nn;  // NOLINT(google-build-using-namespace): every other word here is the engine's

constexpr int kEnc1 = 0, kDec1 = 3, kDec2 = 4, kDec3 = 5;

using Network = KernelNetwork;

class Rows {
 public:
  explicit Rows(RowList& list) : list_(list), n_(list.network()) {}

  void Forward() {
    const double pixels1 = 1.0 * n_.forward.levels.height[1] * n_.forward.levels.width[1];
    const double stem = 27.0 * n_.spec.in_conv1 * pixels1 +
                        9.0 * n_.spec.in_conv1 * n_.spec.in_conv2 * Pixels(n_.forward.stem);
    const double stem_bytes =
        3.0 * static_cast<double>(n_.scene.frame.size().pixels()) + Bytes(n_.forward.stem);
    Add("forward/stem", ComposedStemMultiplyAdds(n_.spec, n_.forward.levels), stem, stem_bytes,
        [](Network& s) { ForwardComposedStem(s.composed, s.scene.frame, s.forward); });
    for (int i = 0; i < kBlocks; ++i) ForwardRows(i);
    const double tail = TailMultiplyAdds(n_.spec, n_.forward.levels);
    Add("forward/tail_and_argmax", tail, n_.PublishedTail(),
        Bytes(n_.a(kDec3).out) + static_cast<double>(n_.prediction.labels().size()),
        [](Network& s) { ForwardLabels(s.composed, s.forward, s.prediction.labels().data()); });
    Add("learner/stem", stem, stem, stem_bytes + Bytes(n_.forward.stem_rows.rows),
        [](Network& s) { ForwardStem(s.separate, s.scene.frame, s.forward, true); });
    for (int i = 0; i < kBlocks; ++i) LearnerForwardRows(i);
    Add("learner/tail", tail, n_.PublishedTail(), Bytes(n_.a(kDec3).out) + Bytes(n_.logits_floats),
        [](Network& s) {
          InStrips(s, TailScratchFloats(s.forward.tail, s.separate.tail()), s.logits.height,
                   [&](int y0, int y1, float* scratch) {
                     TailRows(s.forward.tail, s.separate.tail(), s.a(kDec3).out, y0, y1, s.logits,
                              0, scratch);
                   });
        });
    Add("learner/argmax", 0, 0,
        Bytes(n_.logits_floats) + static_cast<double>(n_.prediction.labels().size()),
        [](Network& s) {
          InStrips(s, ArgmaxScratchFloats(s.forward.head, s.spec.classes), s.prediction.height(),
                   [&](int y0, int y1, float* scratch) {
                     ArgmaxRows(s.forward.head, s.logits, 0, y0, y1, s.prediction.labels().data(),
                                scratch);
                   });
        });
  }

  void Backward() {
    const double pixels = static_cast<double>(n_.prediction.labels().size());
    Add("backward/loss", 0, 0, 2 * Bytes(n_.logits_floats) + 5 * pixels, [](Network& s) {
      SegmentationLoss(s.forward.head, s.logits, s.scene.label.labels().data(),
                       s.scene.pixel_weights.data(), 0, {}, s.backward.logits, s.forward.scratch);
    });
    Add("backward/loss with Jaccard", 0, 0, 3 * Bytes(n_.logits_floats) + 10 * pixels,
        [](Network& s) {
          SegmentationLoss(s.forward.head, s.logits, s.scene.label.labels().data(),
                           s.scene.pixel_weights.data(), 1, {}, s.backward.logits,
                           s.forward.scratch);
        });
    Add("backward/loss with Jaccard, stride 2", 0, 0, 3 * Bytes(n_.logits_floats) + 10 * pixels / 4,
        [step = std::make_shared<int64_t>(0)](Network& s) {
          SegmentationLoss(
              s.forward.head, s.logits, s.scene.label.labels().data(), s.scene.pixel_weights.data(),
              1, SampleOf({.pixel_stride = 2}, (*step)++), s.backward.logits, s.forward.scratch);
        });
    Add("backward/tail", TailBackwardMultiplyAdds(n_.spec, n_.forward.levels),
        2 * n_.PublishedTail(), Bytes(n_.logits_floats) + 2 * Bytes(n_.a(kDec3).out),
        [](Network& s) {
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
        27.0 * n_.spec.in_conv1 * n_.forward.levels.height[1] * n_.forward.levels.width[1];
    const double stem2 = 9.0 * n_.spec.in_conv1 * n_.spec.in_conv2 * Pixels(n_.forward.stem);
    const double stem_bytes =
        3.0 * static_cast<double>(n_.scene.frame.size().pixels()) + Bytes(n_.forward.stem);
    const auto part = [](Network& s, const char* name) {
      const ParameterInfo& info = s.layout->Find(name);
      return std::span<float>(s.gradient).subspan(info.offset, info.count);
    };
    Add("backward/stem", stem1 + 2 * stem2, stem1 + 2 * stem2,
        stem_bytes + Bytes(n_.forward.stem_rows.rows), [part](Network& s) {
          StemBackward(s.separate.stem(), s.scene.frame, s.forward.stem_rows, s.g(kEnc1).x,
                       s.Parameter("in_conv2.weight"), part(s, "in_conv1.weight"),
                       part(s, "in_conv1.bias"), part(s, "in_conv2.weight"),
                       part(s, "in_conv2.bias"), s.forward.scratch);
        });
    Add("backward/stem_composed", ComposedStemMultiplyAdds(n_.spec, n_.forward.levels),
        stem1 + 2 * stem2, stem_bytes, [part](Network& s) {
          StemBackwardComposed({s.Parameter("in_conv1.weight"), s.Parameter("in_conv1.bias"),
                                s.Parameter("in_conv2.weight"), s.Parameter("in_conv2.bias")},
                               s.scene.frame, s.g(kEnc1).x,
                               {part(s, "in_conv1.weight"), part(s, "in_conv1.bias"),
                                part(s, "in_conv2.weight"), part(s, "in_conv2.bias")},
                               s.forward.scratch);
        });
  }

  void Update() {
    for (const Stage cut : {kPartialDistillation, kFullDistillation}) {
      const std::string which = cut == kPartialDistillation ? "partial" : "full";
      const size_t offset = n_.layout->TrainedOffset(cut);
      const double bytes = 4.0 * static_cast<double>(n_.weights.size() - offset);
      Add("update/" + which + "/adam", 0, 0, 7 * bytes, [offset](Network& s) {
        const auto from = [&](std::vector<float>& all) { return std::span(all).subspan(offset); };
        AdamUpdate({.learning_rate = kLearningRate}, 1, from(s.gradient), from(s.weights),
                   from(s.moment1), from(s.moment2));
      });
      Add("update/" + which + "/pack", 0, 0, 0,
          [cut](Network& s) { s.separate.Update(s.weights, cut); });
      Add("update/" + which + "/pack_transposed", 0, 0, 0, [cut](Network& s) {
        Repack(s.weights, s.separate, cut, s.transposed, s.forward.scratch);
      });
      Add("update/" + which + "/pack_for_prediction", 0, 0, 0,
          [cut](Network& s) { RepackWeights(s.composed, s.weights, cut); });
    }
    Add("update/pack_stem", 0, 0, 0,
        [stem = std::make_shared<StemWeights>(n_.spec.in_conv1, n_.spec.in_conv2)](Network& s) {
          stem->Repack(s.Parameter("in_conv1.weight"), s.Parameter("in_conv1.bias"),
                       s.Parameter("in_conv2.weight"), s.Parameter("in_conv2.bias"));
        });
    Add("update/compose_tail", 0, 0, 0,
        [tail = std::make_shared<TailWeights>(n_.spec.classes, n_.spec.dec3, n_.spec.out)](
            Network& s) { tail->Compose(FindTail(*s.layout, std::span<const float>(s.weights))); });
    Add("update/miou", 0, 0, 2.0 * static_cast<double>(n_.prediction.labels().size()),
        [](Network& s) { distill::MeanIoU(s.prediction, s.scene.label, s.spec.classes); });
  }

  void Whole() {
    const FrameSize size = n_.scene.frame.size();
    const NetworkSpec& spec = n_.spec;
    auto predictor = std::make_shared<Predictor>(PackWeights(n_.layout, n_.weights));
    Add("whole/inference", ExecutedInference(spec, size), 0, 0,
        [predictor](Network& s) { predictor->Predict(s.scene.frame, s.prediction); });
    for (const Stage cut : {kPartialDistillation, kFullDistillation}) {
      for (const Arithmetic arithmetic : {Arithmetic::kReference, Arithmetic::kFast}) {
        distill::TrainerOptions options;
        options.cut = cut;
        options.arithmetic = arithmetic;
        options.adam.learning_rate = kLearningRate;
        auto trainer = std::make_shared<distill::Trainer>(ReadyTrainer(n_.scene, options));
        Add(std::string("whole/") + (cut == kPartialDistillation ? "partial_step" : "full_step") +
                (arithmetic == Arithmetic::kFast ? "_fast" : ""),
            ExecutedStep(spec, size, cut, arithmetic), 0, 0,
            [trainer](Network& s) { Step(*trainer, s.scene); });
      }
    }
  }

 private:
  template <typename Run>
  void Add(const std::string& name, double executed, double direct, double bytes, Run run) {
    list_.Add(name, executed, direct, bytes, std::move(run));
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

  void ForwardRows(int i) {
    const BlockActivations& a = n_.a(i);
    const BlockWeights& w = n_.composed.block(i);
    const std::string prefix = "forward/" + BlockName(i) + "/";
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
    if (!w.shape.identity()) {
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
                            .accumulate = !u.shape.identity(),
                            .add = u.shape.identity() ? &s.a(i).x : nullptr,
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

  // The number of pixels of the level above `level` per pixel of `level`.
  double RatioUp(int level) const {
    const Levels& l = n_.forward.levels;
    return 1.0 * l.height[level - 1] * l.width[level - 1] /
           (1.0 * l.height[level] * l.width[level]);
  }

  void LearnerForwardRows(int i) {
    const BlockActivations& a = n_.a(i);
    const BlockWeights& w = n_.separate.block(i);
    const double in = w.shape.in, out = w.shape.out, pixels = Pixels(a.out);
    const double three = 3 * out * out * pixels;
    Add("learner/" + BlockName(i) + "/conv1x3", three, three,
        Bytes(a.mid1) + Bytes(a.mid2) + Bytes(w.conv2.weights), [i](Network& s) {
          const BlockWeights& u = s.separate.block(i);
          const ConvInput input[] = {{s.a(i).mid1, 1, Taps13(), &u.conv2}};
          Convolve(input, s.a(i).mid2, {.bias = u.bias2.data()});
        });
    const double last = three + (w.shape.identity() ? 0 : in * out * pixels);
    Add("learner/" + BlockName(i) + "/conv3x1_and_shortcut", last, last,
        Bytes(a.mid2) + Bytes(a.pre) + Bytes(a.out), [i](Network& s) { LastOfLearner(s, i); });
  }

  static void LastOfLearner(Network& s, int i) {
    const BlockWeights& u = s.separate.block(i);
    const BlockActivations& b = s.a(i);
    const ConvInput inputs[] = {{b.mid2, 1, Taps31(), &u.conv3},
                                {b.pre, u.shape.stride, Taps11(), &u.short_path}};
    Convolve(std::span(inputs, u.shape.identity() ? 1 : 2), b.out,
             {.bias = u.bias3.data(),
              .add = u.shape.identity() ? &b.x : nullptr,
              .add_stride = u.shape.stride});
  }

  // What one weight gradient reads and writes.
  struct GradientOf {
    const char* kernel;
    int kh, kw, stride;
    double multiply_adds, bytes;
    std::function<View(Network&)> input, output_gradient;
    std::span<float> BlockParameters<float>::*weight;
    std::span<float> BlockParameters<float>::*bias;
  };

  void WeightGradientRow(int i, const GradientOf& what) {
    Add("backward/" + BlockName(i) + "/" + what.kernel, what.multiply_adds, what.multiply_adds,
        what.bytes, [i, what, taps = ForwardTaps(what.kh, what.kw)](Network& s) {
          auto p = FindBlock(*s.layout, std::span<float>(s.gradient), i);
          ConvolutionWeightGradient(what.input(s), what.stride, taps, what.output_gradient(s),
                                    what.kh, what.kw, p.*what.weight, p.*what.bias,
                                    s.forward.scratch);
        });
  }

  void BackwardRows(int i) {
    const BlockActivations& a = n_.a(i);
    const BlockInfo shape = n_.separate.block(i).shape;
    const std::string prefix = "backward/" + BlockName(i) + "/";
    const double in = shape.in, out = shape.out, pixels = Pixels(a.out);
    const double one = in * out * pixels, three = 3 * out * out * pixels;
    const auto pre = [i](Network& s) { return s.a(i).pre; };
    const auto g_out = [i](Network& s) { return s.g(i).out; };
    using Parameters = BlockParameters<float>;
    WeightGradientRow(
        i, {"weights3x1", 3, 1, 1, three, 2 * Bytes(a.out), [i](Network& s) { return s.a(i).mid2; },
            g_out, &Parameters::weight3, &Parameters::bias3});
    if (!shape.identity()) {
      WeightGradientRow(i, {"weights1x1", 1, 1, shape.stride, one, Bytes(a.pre) + Bytes(a.out), pre,
                            g_out, &Parameters::short_weight, &Parameters::short_bias});
    }
    Add(prefix + "data3x1", three, three, 2 * Bytes(a.out), [i](Network& s) {
      const ConvInput input[] = {{s.g(i).out, 1, MirroredTaps31(), &s.t(i).conv3}};
      Convolve(input, s.g(i).mid2);
    });
    WeightGradientRow(
        i, {"weights1x3", 1, 3, 1, three, 2 * Bytes(a.out), [i](Network& s) { return s.a(i).mid1; },
            [i](Network& s) { return s.g(i).mid2; }, &Parameters::weight2, &Parameters::bias2});
    Add(prefix + "data1x3", three, three, 3 * Bytes(a.out), [i](Network& s) {
      const ConvInput input[] = {{s.g(i).mid2, 1, MirroredTaps13(), &s.t(i).conv2}};
      Convolve(input, s.g(i).mid1, {.positive = &s.a(i).mid1});
    });
    WeightGradientRow(
        i, {"weights3x3", 3, 3, shape.stride, 9 * one, Bytes(a.pre) + Bytes(a.out), pre,
            [i](Network& s) { return s.g(i).mid1; }, &Parameters::weight0, &Parameters::bias0});
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
      const double all = 9 * one + (shape.identity() ? 0 : one);
      Add(prefix + "data3x3_by_parity", all, all, Bytes(a.out) + 2 * Bytes(a.pre),
          [i](Network& s) { DataByParity(s, i); });
    }
    Add(prefix + "norm", 0, 0, 5 * Bytes(a.x), [i](Network& s) {
      auto p = FindBlock(*s.layout, std::span<float>(s.gradient), i);
      const BackwardWorkspace::Block& g = s.g(i);
      NormReluBackward(s.a(i).x, g.pre, s.separate.block(i).scale, s.a(i).statistics, p.scale,
                       p.shift, &g.x, false, s.forward.scratch);
    });
    if (i == kDec2 || i == kDec3) {
      const int below = i - 1;
      Add(prefix + "resize", 0, 0, Bytes(n_.g(below).out) * (1 + RatioUp(below == kDec1 ? 5 : 4)),
          [i, below](Network& s) {
            const View& to = s.g(below).out;
            ResizeBackward(below == kDec1 ? s.forward.dec1_up : s.forward.dec2_up,
                           s.g(i).x.Channels(0, to.channels), to, s.forward.scratch);
          });
    }
  }

  static void DataByParity(Network& s, int i) {
    const BackwardWorkspace::Block& g = s.g(i);
    const bool identity = s.separate.block(i).shape.identity();
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

  RowList& list_;
  const Network& n_;
};

}  // namespace

std::vector<KernelRow> MakeKernelRows(FrameSize size) {
  RowList list(std::make_shared<KernelNetwork>(size));
  Rows rows(list);
  rows.Forward();
  rows.Backward();
  rows.Update();
  rows.Whole();
  AddFastRows(list);
  AddAlternativeRows(list);
  return list.Take();
}

}  // namespace shadowtutor::bench
