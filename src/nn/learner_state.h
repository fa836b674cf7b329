// The state of a student in training: what is saved and restored.
#ifndef SHADOWTUTOR_NN_LEARNER_STATE_H_
#define SHADOWTUTOR_NN_LEARNER_STATE_H_

#include <cstdint>
#include <vector>

namespace shadowtutor::nn {

/// The trained suffix and Adam's state.
struct LearnerState {
  std::vector<float> trained;           // layout.TrainedSize(cut) weights
  std::vector<float> moment1, moment2;  // Adam's moments of these weights
  int64_t adam_steps = 0;
};

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_LEARNER_STATE_H_
