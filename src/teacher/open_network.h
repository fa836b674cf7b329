// Opens the network of a model card.
#ifndef SHADOWTUTOR_TEACHER_OPEN_NETWORK_H_
#define SHADOWTUTOR_TEACHER_OPEN_NETWORK_H_

#include <memory>

#include "teacher/model_card.h"
#include "teacher/runtime_network.h"

namespace shadowtutor::teacher {

/// Loads the card's network into the card's runtime, for the card's device. Throws Error: kNotFound
/// (no such file), kInvalidArgument (the runtime cannot read the file, or there is no such output),
/// kFailedPrecondition (this program was built without the runtime or the device), kDataLoss (an
/// empty file), kResourceExhausted (a file that is too large for its kind).
std::unique_ptr<Network> OpenNetwork(const ModelCard& card);

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_OPEN_NETWORK_H_
