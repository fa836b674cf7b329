// What a TrainingWorkspace holds. Internal to nn/.
#ifndef SHADOWTUTOR_NN_TRAINING_MEMORY_H_
#define SHADOWTUTOR_NN_TRAINING_MEMORY_H_

#include <memory>

#include "nn/backward.h"
#include "nn/forward.h"
#include "nn/network.h"

namespace shadowtutor::nn {

struct TrainingMemory {
  // What the activations are laid out for.
  NetworkSpec spec;
  Stage cut = kNoStage;

  Image frame;  // the learner's copy of what it trains on
  std::unique_ptr<ForwardWorkspace> forward;
  std::unique_ptr<BackwardWorkspace> backward;
  Buffer logits_floats;
  LogitPlanes logits;
  LabelMap prediction;

  bool LaidOutFor(const NetworkSpec& other_spec, Stage other_cut, FrameSize size) const {
    return forward && forward->frame == size && spec == other_spec && cut == other_cut;
  }
  void LayOut(const NetworkSpec& new_spec, Stage new_cut, FrameSize size) {
    if (LaidOutFor(new_spec, new_cut, size)) return;
    forward.reset();
    backward.reset();
    spec = new_spec;
    cut = new_cut;
    forward = std::make_unique<ForwardWorkspace>(spec, size, cut);
    backward = std::make_unique<BackwardWorkspace>(spec, forward->levels, cut);
    logits = {nullptr, spec.classes, forward->levels.height[1], forward->levels.width[1]};
    logits_floats = Buffer(logits.floats());
    logits.data = logits_floats.data();
    prediction.Resize(size);
  }
};

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_TRAINING_MEMORY_H_
