// What a student in training can go back to.
#ifndef SHADOWTUTOR_NN_LEARNER_STATE_H_
#define SHADOWTUTOR_NN_LEARNER_STATE_H_

#include <cstdint>
#include <vector>

namespace shadowtutor::nn {

/// What going back to earlier weights goes back to: the trained suffix and Adam's state.
struct LearnerState {
  std::vector<float> trained;           // layout.TrainedSize(cut)
  std::vector<float> moment1, moment2;  // same size
  int64_t adam_steps = 0;
};

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_LEARNER_STATE_H_
