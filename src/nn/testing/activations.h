// What the layers of a student in training put out, for tests that compare it with another
// implementation's.
#ifndef SHADOWTUTOR_NN_TESTING_ACTIVATIONS_H_
#define SHADOWTUTOR_NN_TESTING_ACTIVATIONS_H_

#include <string_view>

#include "nn/learner.h"
#include "nn/testing/reference_ops.h"

namespace shadowtutor::nn {

/// The last forward pass's output of a stage; "dec1_up" and so on for the resized ones,
/// "logits_half" for the logits at in_conv1's size. `workspace` is the one that `learner` was lent
/// (Learner::UseWorkspace) and has predicted in. in_conv1's output, which is not kept where the
/// stem is frozen, is computed again. Throws Error kNotFound for other names.
reference::Tensor<double> ReadActivation(const Learner& learner, TrainingWorkspace& workspace,
                                         std::string_view name);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_TESTING_ACTIVATIONS_H_
