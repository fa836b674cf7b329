#include "nn/trained_network.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/float_mode.h"
#include "core/labels.h"
#include "nn/backward.h"
#include "nn/forward.h"

namespace shadowtutor::nn {
namespace {

std::vector<float> Checked(std::vector<float> weights, const NetworkLayout& layout) {
  if (weights.size() != layout.size()) {
    throw Error(ErrorCode::kInvalidArgument, "the weights are not this network's");
  }
  return weights;
}

}  // namespace

TrainedNetwork::TrainedNetwork(std::shared_ptr<const NetworkLayout> layout,
                               std::vector<float> weights, Stage cut, const AdamOptions& adam,
                               const LossOptions& loss, ParameterKinds kinds, Arithmetic arithmetic)
    : layout_(std::move(layout)),
      weights_(Checked(std::move(weights), *layout_)),
      cut_(cut),
      arithmetic_(arithmetic),
      offset_(layout_->TrainedOffset(cut)),
      adam_(adam),
      loss_(loss),
      selection_(*layout_, cut, kinds),
      moment1_(weights_.size() - offset_),
      moment2_(weights_.size() - offset_),
      packed_(layout_, cut, arithmetic) {
  packed_.Update(weights_, kFullDistillation);
  for (const BlockInfo& block : layout_->blocks()) {
    transposed_.push_back(block.stage < cut ? BlockBackwardWeights()
                                            : MakeBackwardWeights(block, arithmetic));
  }
}

void TrainedNetwork::LayOut(TrainingMemory& workspace, FrameSize size) const {
  workspace.LayOut(layout_->spec(), cut_, arithmetic_, size);
}

void TrainedNetwork::RunStem(ImageView frame, ForwardWorkspace& forward) const {
  if (arithmetic_ == Arithmetic::kFast) {
    ForwardComposedStem(packed_, frame, forward);
  } else {
    ForwardStem(packed_, frame, forward, StemTrained());
  }
}

void TrainedNetwork::ForwardFrozen(ImageView frame, TrainingMemory& workspace) const {
  ForwardWorkspace& forward = *workspace.forward;
  if (!StemTrained()) RunStem(frame, forward);
  for (int i = 0; i < packed_.blocks() && packed_.block(i).shape.stage < cut_; ++i) {
    ForwardBlock(packed_, i, forward);
  }
}

void TrainedNetwork::PackForward() {
  if (!packed_current_) packed_.Update(weights_, cut_);
  packed_current_ = true;
}

void TrainedNetwork::PackBackward(Scratch& scratch) {
  if (!transposed_current_) Repack(weights_, packed_, cut_, transposed_, scratch);
  transposed_current_ = true;
}

void TrainedNetwork::ForwardTrained(ImageView frame, TrainingMemory& workspace) const {
  ForwardWorkspace& forward = *workspace.forward;
  if (StemTrained()) RunStem(frame, forward);
  for (int i = 0; i < packed_.blocks(); ++i) {
    if (packed_.block(i).shape.stage >= cut_) ForwardBlock(packed_, i, forward);
  }
  ForwardLogits(packed_, forward, workspace.logits);
}

void TrainedNetwork::Label(TrainingMemory& workspace) const {
  LabelsOf(workspace.logits, *workspace.forward, workspace.prediction.labels().data());
}

double TrainedNetwork::Backward(ImageView frame, const LabelMap& label,
                                std::span<const float> pixel_weight, TrainingMemory& workspace,
                                std::span<float> gradient) const {
  const FloatModeScope flush(FloatMode::OfThisThread().FlushingSubnormals());
  const Truth truth = {label.labels().data(), pixel_weight.empty() ? nullptr : pixel_weight.data(),
                       static_cast<float>(loss_.jaccard_weight), SampleOf(loss_, adam_steps_)};
  return nn::Backward({packed_, weights_, transposed_, arithmetic_}, cut_, frame, truth,
                      *workspace.forward, workspace.logits, *workspace.backward, gradient);
}

void TrainedNetwork::CheckTruth(FrameSize size, const LabelMap& label,
                                std::span<const float> pixel_weight) const {
  if (label.size() != size || (!pixel_weight.empty() && pixel_weight.size() != size.pixels())) {
    throw Error(ErrorCode::kInvalidArgument, "label and weights must have the frame's size");
  }
  const int classes = layout_->spec().classes;
  if (HighestLabel(label.labels()) >= classes) {
    throw Error(ErrorCode::kInvalidArgument,
                "the label holds a class that is not among the student's " +
                    std::to_string(classes) + " classes");
  }
}

void TrainedNetwork::AdamStep(std::span<const float> gradient) {
  const FloatModeScope flush(FloatMode::OfThisThread().FlushingSubnormals());
  ++adam_steps_;
  for (const auto& [begin, count] : selection_.ranges()) {
    const size_t at = begin - offset_;
    AdamUpdate(adam_, adam_steps_, gradient.subspan(at, count), Suffix().subspan(at, count),
               std::span(moment1_).subspan(at, count), std::span(moment2_).subspan(at, count));
  }
  WeightsChanged();
}

void TrainedNetwork::AdamStep(std::span<const float> gradient, std::span<const uint32_t> chosen) {
  const auto past = [&](uint32_t index) { return index >= moment1_.size(); };
  if (std::any_of(chosen.begin(), chosen.end(), past)) {
    throw Error(ErrorCode::kInvalidArgument, "a chosen weight is not among the trained ones");
  }
  const FloatModeScope flush(FloatMode::OfThisThread().FlushingSubnormals());
  const size_t count = chosen.size();
  chosen_.resize(4 * count);
  ++adam_steps_;
  const auto part = [&](size_t i) { return std::span(chosen_).subspan(i * count, count); };
  const auto g = part(0), w = part(1), m1 = part(2), m2 = part(3);
  const std::span<float> suffix = Suffix();
  for (size_t i = 0; i < count; ++i) {
    const uint32_t at = chosen[i];
    g[i] = gradient[at], w[i] = suffix[at], m1[i] = moment1_[at], m2[i] = moment2_[at];
  }
  AdamUpdate(adam_, adam_steps_, g, w, m1, m2);
  for (size_t i = 0; i < count; ++i) {
    const uint32_t at = chosen[i];
    suffix[at] = w[i], moment1_[at] = m1[i], moment2_[at] = m2[i];
  }
  WeightsChanged();
}

void TrainedNetwork::SaveState(LearnerState& state) const {
  const auto suffix = trained();
  state.trained.assign(suffix.begin(), suffix.end());
  state.moment1 = moment1_;
  state.moment2 = moment2_;
  state.adam_steps = adam_steps_;
}

void TrainedNetwork::RestoreState(const LearnerState& state) {
  const size_t size = moment1_.size();
  if (state.trained.size() != size || state.moment1.size() != size ||
      state.moment2.size() != size) {
    throw Error(ErrorCode::kInvalidArgument, "the state is another student's");
  }
  std::copy(state.trained.begin(), state.trained.end(), Suffix().begin());
  moment1_ = state.moment1;
  moment2_ = state.moment2;
  adam_steps_ = state.adam_steps;
  WeightsChanged();
}

void TrainedNetwork::SetTrained(std::span<const float> trained, bool keep_moments) {
  const size_t size = moment1_.size();
  if (trained.size() != size) {
    throw Error(ErrorCode::kInvalidArgument, "the trained part has " + std::to_string(size) +
                                                 " floats, not " + std::to_string(trained.size()));
  }
  std::copy(trained.begin(), trained.end(), Suffix().begin());
  if (!keep_moments) ForgetMoments();
  WeightsChanged();
}

void TrainedNetwork::ForgetMoments() {
  std::fill(moment1_.begin(), moment1_.end(), 0.0f);
  std::fill(moment2_.begin(), moment2_.end(), 0.0f);
  adam_steps_ = 0;
}

}  // namespace shadowtutor::nn
