// Opens the network of a model card.
#ifndef SHADOWTUTOR_TEACHER_OPEN_NETWORK_H_
#define SHADOWTUTOR_TEACHER_OPEN_NETWORK_H_

#include <memory>
#include <vector>

#include "teacher/model_card.h"
#include "teacher/runtime_network.h"

namespace shadowtutor::teacher {

/// Loads the card's network into the card's runtime, for the card's device. Throws Error: kNotFound
/// (no such file), kInvalidArgument (the runtime cannot read the file, or there is no such output),
/// kFailedPrecondition (this program was built without the runtime or the device), kDataLoss (an
/// empty file), kResourceExhausted (a file that is too large for its kind). A model on a server is
/// not asked for: it may come later.
std::unique_ptr<Network> OpenNetwork(const ModelCard& card);

/// The same for as many threads as can run the network side by side: one network for each, at least
/// one.
std::vector<std::unique_ptr<Network>> OpenNetworks(const ModelCard& card);

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_OPEN_NETWORK_H_
