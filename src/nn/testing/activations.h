// Reads the activations of a student in training, for tests that compare them with those of another
// implementation.
#ifndef SHADOWTUTOR_NN_TESTING_ACTIVATIONS_H_
#define SHADOWTUTOR_NN_TESTING_ACTIVATIONS_H_

#include <string_view>

#include "nn/learner.h"
#include "nn/testing/reference_ops.h"

namespace shadowtutor::nn {

/// The output of a stage in the learner's last prediction. The names are those of stages, "dec1_up"
/// and "dec2_up" for the resized outputs, and "logits_half" for the logits at in_conv1's size.
/// `workspace` is the one that the learner uses (Learner::UseWorkspace); it is only read. `frame`
/// is the learner's. A frozen stem leaves no output of in_conv1 in it, and that of in_conv2 may be
/// overwritten by the first block. These are computed again, from the learner's weights. Throws
/// Error kNotFound for other names.
reference::Tensor<double> ReadActivation(const Learner& learner, TrainingWorkspace& workspace,
                                         ImageView frame, std::string_view name);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_TESTING_ACTIVATIONS_H_
