// The contents of a TrainingWorkspace. Internal to nn/.
#ifndef SHADOWTUTOR_NN_TRAINING_MEMORY_H_
#define SHADOWTUTOR_NN_TRAINING_MEMORY_H_

#include <memory>

#include "nn/arithmetic.h"
#include "nn/backward.h"
#include "nn/forward.h"
#include "nn/held_frame.h"
#include "nn/network.h"

namespace shadowtutor::nn {

struct TrainingMemory {
  // What the memory is laid out for.
  NetworkSpec spec;
  Stage cut = kNoStage;
  Arithmetic arithmetic = Arithmetic::kReference;

  Image frame;  // the Learner's copy of the frame that it trains on, if the stem is trained
  HeldFrame held;
  std::unique_ptr<ForwardWorkspace> forward;
  std::unique_ptr<BackwardWorkspace> backward;
  Buffer logits_floats;
  LogitPlanes logits;
  LabelMap prediction;

  bool LaidOutFor(const NetworkSpec& other_spec, Stage other_cut, Arithmetic other_arithmetic,
                  FrameSize size) const {
    return forward && forward->frame == size && spec == other_spec && cut == other_cut &&
           arithmetic == other_arithmetic;
  }
  void LayOut(const NetworkSpec& new_spec, Stage new_cut, Arithmetic new_arithmetic,
              FrameSize size) {
    if (LaidOutFor(new_spec, new_cut, new_arithmetic, size)) return;
    forward.reset();
    backward.reset();
    spec = new_spec;
    cut = new_cut;
    arithmetic = new_arithmetic;
    forward = std::make_unique<ForwardWorkspace>(spec, size, cut, arithmetic);
    backward = std::make_unique<BackwardWorkspace>(spec, forward->levels, cut, arithmetic);
    logits = {nullptr, spec.classes, forward->levels.height[1], forward->levels.width[1]};
    logits_floats = Buffer(logits.floats());
    logits.data = logits_floats.data();
    prediction.Resize(size);
  }
};

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_TRAINING_MEMORY_H_
