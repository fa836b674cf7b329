// From a model card to a network that runs.
#ifndef SHADOWTUTOR_TEACHER_OPEN_NETWORK_H_
#define SHADOWTUTOR_TEACHER_OPEN_NETWORK_H_

#include <memory>

#include "teacher/model_card.h"
#include "teacher/network.h"

namespace shadowtutor::teacher {

/// Reads the card's network for the card's runtime and device. Throws Error: kNotFound,
/// kInvalidArgument (the runtime cannot read it: says why and what to do; no such output),
/// kFailedPrecondition (this program was built without that runtime or device), kDataLoss (an empty
/// file), kResourceExhausted (over what a file of its kind can have).
std::unique_ptr<Network> OpenNetwork(const ModelCard& card);

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_OPEN_NETWORK_H_
