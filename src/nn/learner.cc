#include "nn/learner.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "nn/backward.h"
#include "nn/forward.h"
#include "nn/kernels/adam.h"
#include "nn/packed_weights.h"

namespace shadowtutor::nn {

struct Learner::Impl {
  std::shared_ptr<const NetworkLayout> layout;
  std::vector<float> weights, gradient;  // the whole network; only the suffix changes
  Stage cut;
  size_t offset;  // of the suffix
  AdamOptions adam;
  std::vector<float> moment1, moment2;
  int64_t adam_steps = 0;

  PackedWeights packed;
  std::array<BlockBackwardWeights, kBlocks> transposed;
  bool packed_current = false;

  Image frame;
  std::unique_ptr<ForwardWorkspace> forward;
  std::unique_ptr<BackwardWorkspace> backward;
  Buffer logits_floats;
  LogitPlanes logits;
  LabelMap prediction;
  bool prediction_current = false;

  Impl(std::shared_ptr<const NetworkLayout> layout_, std::vector<float> weights_, Stage cut_,
       const AdamOptions& adam_)
      : layout(std::move(layout_)),
        weights(std::move(weights_)),
        gradient(weights.size()),
        cut(cut_),
        offset(layout->TrainedOffset(cut)),
        adam(adam_),
        moment1(weights.size() - offset),
        moment2(weights.size() - offset),
        packed(layout, cut) {
    packed.Update(weights, kFullDistillation);
    for (int i = 0; i < kBlocks; ++i) {
      if (BlockStage(i) >= cut) {
        transposed[static_cast<size_t>(i)] = MakeBackwardWeights(packed.block(i).shape);
      }
    }
  }

  std::span<float> Suffix() { return std::span(weights).subspan(offset); }

  void Changed() {
    packed_current = false;
    prediction_current = false;
  }

  // Packs what has been trained since the last time.
  void Pack() {
    if (packed_current) return;
    packed.Update(weights, cut);
    for (int i = 0; i < kBlocks; ++i) {
      if (BlockStage(i) >= cut) Repack(*layout, weights, i, transposed[static_cast<size_t>(i)]);
    }
    packed_current = true;
  }

  bool StemTrained() const { return cut <= Stage::kInConv2; }

  void RequireFrame() const {
    if (frame.empty()) throw Error(ErrorCode::kFailedPrecondition, "SetFrame comes first");
  }

  void ComputeFrozen() {
    const FrameSize size = frame.size();
    if (!forward || forward->frame != size) {
      backward.reset();
      forward = std::make_unique<ForwardWorkspace>(layout->spec(), size, cut);
      logits = {nullptr, layout->spec().classes, forward->levels.height[1],
                forward->levels.width[1]};
      logits_floats = Buffer(logits.floats());
      logits.data = logits_floats.data();
    }
    prediction_current = false;
    if (!StemTrained()) ForwardStem(packed, frame, *forward, false);
    for (int i = 0; i < kBlocks && BlockStage(i) < cut; ++i) ForwardBlock(packed, i, *forward);
  }
};

Learner::Learner(std::shared_ptr<const NetworkLayout> layout, std::vector<float> weights, Stage cut,
                 const AdamOptions& adam) {
  if (weights.size() != layout->size()) {
    throw Error(ErrorCode::kInvalidArgument, "the weights are not this network's");
  }
  impl_ = std::make_unique<Impl>(std::move(layout), std::move(weights), cut, adam);
}
Learner::~Learner() = default;
Learner::Learner(Learner&&) noexcept = default;
Learner& Learner::operator=(Learner&&) noexcept = default;

const NetworkLayout& Learner::layout() const { return *impl_->layout; }
Stage Learner::cut() const { return impl_->cut; }
std::span<const float> Learner::weights() const { return impl_->weights; }
std::span<const float> Learner::trained() const { return impl_->Suffix(); }
std::span<const float> Learner::gradient() const {
  return std::span<const float>(impl_->gradient).subspan(impl_->offset);
}

void Learner::SetFrame(ImageView frame) {
  CheckFrame(frame);
  impl_->frame = Image(frame);
  impl_->ComputeFrozen();
}

const LabelMap& Learner::Predict() {
  Impl& s = *impl_;
  s.RequireFrame();
  if (!s.forward) s.ComputeFrozen();
  if (s.prediction_current) return s.prediction;
  s.Pack();
  if (s.StemTrained()) ForwardStem(s.packed, s.frame, *s.forward, true);
  for (int i = 0; i < kBlocks; ++i) {
    if (BlockStage(i) >= s.cut) ForwardBlock(s.packed, i, *s.forward);
  }
  s.prediction.Resize(s.frame.size());
  ForwardLogits(s.packed, *s.forward, s.logits, s.prediction.labels().data());
  s.prediction_current = true;
  return s.prediction;
}

double Learner::LossAndGradient(const LabelMap& label, std::span<const float> pixel_weight) {
  Impl& s = *impl_;
  s.RequireFrame();
  if (label.size() != s.frame.size() || pixel_weight.size() != label.labels().size()) {
    throw Error(ErrorCode::kInvalidArgument, "label and weights must have the frame's size");
  }
  const int classes = s.layout->spec().classes;
  if (std::any_of(label.labels().begin(), label.labels().end(),
                  [&](uint8_t value) { return value >= classes; })) {
    throw Error(ErrorCode::kInvalidArgument,
                "a label is not below the student's " + std::to_string(classes) + " classes");
  }
  Predict();
  if (!s.backward) {
    s.backward = std::make_unique<BackwardWorkspace>(s.layout->spec(), s.forward->levels, s.cut);
  }
  return Backward(s.packed, s.weights, s.transposed, s.cut, s.frame, *s.forward, s.logits,
                  label.labels().data(), pixel_weight.data(), *s.backward, s.gradient);
}

void Learner::AdamStep() {
  Impl& s = *impl_;
  AdamUpdate(s.adam, ++s.adam_steps, gradient(), s.Suffix(), s.moment1, s.moment2);
  s.Changed();
}

void Learner::SaveState(LearnerState& state) const {
  const auto suffix = trained();
  state.trained.assign(suffix.begin(), suffix.end());
  state.moment1 = impl_->moment1;
  state.moment2 = impl_->moment2;
  state.adam_steps = impl_->adam_steps;
}

void Learner::RestoreState(const LearnerState& state) {
  Impl& s = *impl_;
  if (state.trained.size() != s.moment1.size() || state.moment1.size() != s.moment1.size() ||
      state.moment2.size() != s.moment1.size()) {
    throw Error(ErrorCode::kInvalidArgument, "the state is another student's");
  }
  std::copy(state.trained.begin(), state.trained.end(), s.Suffix().begin());
  s.moment1 = state.moment1;
  s.moment2 = state.moment2;
  s.adam_steps = state.adam_steps;
  s.Changed();
}

void Learner::SetTrained(std::span<const float> trained, bool keep_moments) {
  Impl& s = *impl_;
  if (trained.size() != s.moment1.size()) {
    throw Error(ErrorCode::kInvalidArgument, "the trained part has " +
                                                 std::to_string(s.moment1.size()) +
                                                 " floats, not " + std::to_string(trained.size()));
  }
  std::copy(trained.begin(), trained.end(), s.Suffix().begin());
  if (!keep_moments) {
    std::fill(s.moment1.begin(), s.moment1.end(), 0.0f);
    std::fill(s.moment2.begin(), s.moment2.end(), 0.0f);
    s.adam_steps = 0;
  }
  s.Changed();
}

Learner::Tensor Learner::Activation(std::string_view name) const {
  Impl& s = *impl_;
  if (!s.forward) throw Error(ErrorCode::kFailedPrecondition, "SetFrame comes first");
  ForwardWorkspace& f = *s.forward;
  const auto plain = [](const View& view) {
    Tensor tensor{view.channels, view.height, view.width, {}};
    for (int c = 0; c < view.channels; ++c) {
      for (int y = 0; y < view.height; ++y) {
        for (int x = 0; x < view.width; ++x) {
          tensor.values.push_back(view.at(c / kBlock, y, x)[c % kBlock]);
        }
      }
    }
    return tensor;
  };
  if (name == "in_conv1") {
    ForwardStem(s.packed, s.frame, f, true);
    const int channels = layout().spec().in_conv1;
    Tensor tensor{channels, f.levels.height[1], f.levels.width[1], {}};
    const size_t stride = SplitRowFloats(f.levels.width[2]);
    for (int c = 0; c < channels; ++c) {
      for (int y = 0; y < tensor.height; ++y) {
        for (int x = 0; x < tensor.width; ++x) {
          const auto row = static_cast<size_t>((y * channels + c) * 2 + x % 2);
          tensor.values.push_back(f.stem_rows.rows[row * stride + 16 + static_cast<size_t>(x / 2)]);
        }
      }
    }
    return tensor;
  }
  if (name == "in_conv2") return plain(f.stem);
  if (name == "dec1_up") return plain(f.cat2.Channels(0, layout().spec().dec1));
  if (name == "dec2_up") return plain(f.cat3.Channels(0, layout().spec().dec2));
  if (name == "logits_half") {
    Tensor tensor{s.logits.classes, s.logits.height, s.logits.width, {}};
    for (int c = 0; c < tensor.channels; ++c) {
      for (int y = 0; y < tensor.height; ++y) {
        const float* row = s.logits.row(c, y);
        tensor.values.insert(tensor.values.end(), row, row + tensor.width);
      }
    }
    return tensor;
  }
  for (int i = 0; i < kBlocks; ++i) {
    if (name == StageName(BlockStage(i))) return plain(f.blocks[static_cast<size_t>(i)].out);
  }
  throw Error(ErrorCode::kNotFound, "no activation is called '" + std::string(name) + "'");
}

void Learner::ReleaseWorkspace() {
  impl_->forward.reset();
  impl_->backward.reset();
  impl_->logits_floats = Buffer();
  impl_->prediction_current = false;
}

}  // namespace shadowtutor::nn
