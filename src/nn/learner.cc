#include "nn/learner.h"

#include <utility>
#include <vector>

#include "nn/forward.h"
#include "nn/trained_network.h"
#include "nn/training_memory.h"

namespace shadowtutor::nn {

struct Learner::Impl {
  TrainedNetwork network;
  std::vector<float> gradient;  // of all parameters; always 0 for those that are not trained

  std::shared_ptr<TrainingWorkspace> owner;
  TrainingMemory* ws = nullptr;  // the memory of `owner`; null until there is a frame
  bool logits_current = false, prediction_current = false;
  // A frame is held (HoldFrame); it was put aside, since another one was set; and what the memory
  // for held frames has is still that of the present frame.
  bool holding = false, aside = false, held_current = false;

  Impl(std::shared_ptr<const NetworkLayout> layout, std::vector<float> weights, Stage cut,
       const AdamOptions& adam, const LossOptions& loss, ParameterKinds kinds,
       Arithmetic arithmetic)
      : network(std::move(layout), std::move(weights), cut, adam, loss, kinds, arithmetic),
        gradient(network.weights().size()) {}

  // To be called when the weights or the frame change.
  void ForgetOutputs() { logits_current = prediction_current = false; }

  void ComputeLogits() {
    if (logits_current) return;
    network.PackForward();
    network.ForwardTrained(ws->frame, *ws);
    logits_current = true;
  }

  void PutAside() {
    if (!held_current) ws->held.CopyFrom(*ws->forward, network.cut());
    std::swap(ws->frame, ws->held.frame);
    aside = true;
  }
  void TakeBack() {
    network.LayOut(*ws, ws->held.size);
    ws->held.CopyTo(*ws->forward, network.cut());
    std::swap(ws->frame, ws->held.frame);
    held_current = true;
    ForgetOutputs();
  }

  void RequireFrame() const {
    if (!ws) throw Error(ErrorCode::kFailedPrecondition, "no frame is set; call SetFrame first");
  }
};

Learner::Learner(std::shared_ptr<const NetworkLayout> layout, std::vector<float> weights, Stage cut,
                 const AdamOptions& adam, const LossOptions& loss, ParameterKinds kinds,
                 Arithmetic arithmetic)
    : impl_(std::make_unique<Impl>(std::move(layout), std::move(weights), cut, adam, loss, kinds,
                                   arithmetic)) {}
Learner::~Learner() = default;
Learner::Learner(Learner&&) noexcept = default;
Learner& Learner::operator=(Learner&&) noexcept = default;

const NetworkLayout& Learner::layout() const { return impl_->network.layout(); }
std::span<const float> Learner::weights() const { return impl_->network.weights(); }
std::span<const float> Learner::trained() const { return impl_->network.trained(); }
const ParameterSelection& Learner::selection() const { return impl_->network.selection(); }
std::span<const float> Learner::gradient() const {
  return std::span<const float>(impl_->gradient).subspan(impl_->network.offset());
}

void Learner::UseWorkspace(std::shared_ptr<TrainingWorkspace> workspace) {
  impl_->owner = std::move(workspace);
  impl_->ws = nullptr;
  impl_->holding = impl_->held_current = false;
  impl_->ForgetOutputs();
}

void Learner::SetFrame(ImageView frame) {
  CheckFrame(frame);
  Impl& s = *impl_;
  if (!s.owner) s.owner = std::make_shared<TrainingWorkspace>();
  if (s.holding && !s.aside) s.PutAside();
  s.held_current = false;
  s.ws = &s.owner->memory();
  s.network.LayOut(*s.ws, frame.size());
  if (s.network.StemTrained()) s.ws->frame.Assign(frame);
  s.ForgetOutputs();
  // The frozen stages are computed only once per frame.
  s.network.ForwardFrozen(frame, *s.ws);
}

void Learner::HoldFrame() {
  impl_->RequireFrame();
  impl_->holding = true;
  impl_->aside = false;
}

void Learner::ReturnToHeldFrame() {
  Impl& s = *impl_;
  if (!s.holding) {
    throw Error(ErrorCode::kFailedPrecondition, "no frame is held; call HoldFrame first");
  }
  if (s.aside) s.TakeBack();
  s.holding = false;
}

const LabelMap& Learner::Predict() {
  Impl& s = *impl_;
  s.RequireFrame();
  if (!s.prediction_current) {
    s.ComputeLogits();
    s.network.Label(*s.ws);
    s.prediction_current = true;
  }
  return s.ws->prediction;
}

double Learner::LossAndGradient(const LabelMap& label, std::span<const float> pixel_weight) {
  Impl& s = *impl_;
  s.RequireFrame();
  s.network.CheckTruth(s.ws->forward->frame, label, pixel_weight);
  s.ComputeLogits();
  s.network.PackBackward(s.ws->forward->scratch);
  return s.network.Backward(s.ws->frame, label, pixel_weight, *s.ws, s.gradient);
}

void Learner::AdamStep() {
  impl_->network.AdamStep(gradient());
  impl_->ForgetOutputs();
}

void Learner::AdamStep(std::span<const uint32_t> chosen) {
  impl_->network.AdamStep(gradient(), chosen);
  impl_->ForgetOutputs();
}

void Learner::SaveState(LearnerState& state) const { impl_->network.SaveState(state); }

void Learner::RestoreState(const LearnerState& state) {
  impl_->network.RestoreState(state);
  impl_->ForgetOutputs();
}

void Learner::SetTrained(std::span<const float> trained, bool keep_moments) {
  impl_->network.SetTrained(trained, keep_moments);
  impl_->ForgetOutputs();
}

void Learner::ForgetMoments() { impl_->network.ForgetMoments(); }

}  // namespace shadowtutor::nn
