#include "nn/learner.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "nn/kernels/adam.h"
#include "nn/packed_weights.h"
#include "nn/training_workspace.h"

namespace shadowtutor::nn {

TrainingWorkspace::TrainingWorkspace() : impl_(std::make_unique<Impl>()) {}
TrainingWorkspace::~TrainingWorkspace() = default;

struct Learner::Impl {
  std::shared_ptr<const NetworkLayout> layout;
  std::vector<float> weights, gradient;  // the whole network; only the suffix changes
  Stage cut;
  size_t offset;  // of the suffix
  AdamOptions adam;
  std::vector<float> moment1, moment2;
  int64_t adam_steps = 0;

  PackedWeights packed;
  std::vector<BlockBackwardWeights> transposed;  // one for each block; empty where not trained
  bool packed_current = false;

  std::shared_ptr<TrainingWorkspace> owner;
  TrainingWorkspace::Impl* ws = nullptr;  // owner's, once there is a frame
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
    for (const BlockInfo& block : layout->blocks()) {
      transposed.push_back(block.stage < cut ? BlockBackwardWeights() : MakeBackwardWeights(block));
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
    for (int i = 0; i < packed.blocks(); ++i) {
      if (packed.block(i).shape.stage < cut) continue;
      Repack(*layout, weights, i, transposed[static_cast<size_t>(i)], ws->forward->scratch);
    }
    packed_current = true;
  }

  bool StemTrained() const { return cut <= Stage::kInConv2; }

  void RequireFrame() const {
    if (!ws) throw Error(ErrorCode::kFailedPrecondition, "no frame is set; call SetFrame first");
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
  Impl& s = *impl_;
  if (!s.owner) s.owner = std::make_shared<TrainingWorkspace>();
  s.ws = s.owner->impl_.get();
  TrainingWorkspace::Impl& ws = *s.ws;
  ws.LayOut(s.layout->spec(), s.cut, frame.size());
  ws.frame.Assign(frame);
  s.prediction_current = false;
  // The stages that stay as they are compute once per frame.
  if (!s.StemTrained()) ForwardStem(s.packed, ws.frame, *ws.forward, false);
  for (int i = 0; i < s.packed.blocks() && s.packed.block(i).shape.stage < s.cut; ++i) {
    ForwardBlock(s.packed, i, *ws.forward);
  }
}

const LabelMap& Learner::Predict() {
  Impl& s = *impl_;
  s.RequireFrame();
  TrainingWorkspace::Impl& ws = *s.ws;
  if (s.prediction_current) return ws.prediction;
  s.Pack();
  if (s.StemTrained()) ForwardStem(s.packed, ws.frame, *ws.forward, true);
  for (int i = 0; i < s.packed.blocks(); ++i) {
    if (s.packed.block(i).shape.stage >= s.cut) ForwardBlock(s.packed, i, *ws.forward);
  }
  ForwardLogits(s.packed, *ws.forward, ws.logits, ws.prediction.labels().data());
  s.prediction_current = true;
  return ws.prediction;
}

double Learner::LossAndGradient(const LabelMap& label, std::span<const float> pixel_weight) {
  Impl& s = *impl_;
  s.RequireFrame();
  if (label.size() != s.ws->frame.size() || pixel_weight.size() != label.labels().size()) {
    throw Error(ErrorCode::kInvalidArgument, "label and weights must have the frame's size");
  }
  const int classes = s.layout->spec().classes;
  if (std::any_of(label.labels().begin(), label.labels().end(),
                  [&](uint8_t value) { return value >= classes; })) {
    throw Error(ErrorCode::kInvalidArgument,
                "the label holds a class that is not among the student's " +
                    std::to_string(classes) + " classes");
  }
  Predict();
  TrainingWorkspace::Impl& ws = *s.ws;
  return Backward(s.packed, s.weights, s.transposed, s.cut, ws.frame, *ws.forward, ws.logits,
                  label.labels().data(), pixel_weight.data(), *ws.backward, s.gradient);
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
  s.RequireFrame();
  TrainingWorkspace::Impl& ws = *s.ws;
  ForwardWorkspace& f = *ws.forward;
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
    ForwardStem(s.packed, ws.frame, f, true);
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
    Tensor tensor{ws.logits.classes, ws.logits.height, ws.logits.width, {}};
    for (int c = 0; c < tensor.channels; ++c) {
      for (int y = 0; y < tensor.height; ++y) {
        const float* row = ws.logits.row(c, y);
        tensor.values.insert(tensor.values.end(), row, row + tensor.width);
      }
    }
    return tensor;
  }
  for (size_t i = 0; i < f.blocks.size(); ++i) {
    const BlockInfo& info = f.infos[i];
    if (info.last_in_stage && name == StageName(info.stage)) return plain(f.blocks[i].out);
  }
  throw Error(ErrorCode::kNotFound, "no activation is called '" + std::string(name) + "'");
}

void Learner::UseWorkspace(std::shared_ptr<TrainingWorkspace> workspace) {
  impl_->owner = std::move(workspace);
  impl_->ws = nullptr;
  impl_->prediction_current = false;
}

}  // namespace shadowtutor::nn
