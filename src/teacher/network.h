// A network that runs: planar floats in, named tensors out. One implementation per runtime.
#ifndef SHADOWTUTOR_TEACHER_NETWORK_H_
#define SHADOWTUTOR_TEACHER_NETWORK_H_

#include <memory>
#include <string>
#include <vector>

#include "teacher/decode.h"
#include "teacher/model_card.h"

namespace shadowtutor::teacher {

/// Outputs without a name of their own are called by their place: "0", "1", ...
struct NamedTensor {
  std::string name;
  TensorView tensor;
};

/// Thread safety: one thread at a time.
class Network {
 public:
  virtual ~Network() = default;

  /// `values` are [1,3,height,width]. The result is valid until the next call.
  /// Throws Error kInvalidArgument when the network does not take such an input, kInternal or
  /// kResourceExhausted when it breaks off.
  virtual std::vector<NamedTensor> Run(std::vector<float>& values, FrameSize size) = 0;

  /// "OpenCV 4.6.0, cpu"
  virtual std::string runtime() const = 0;
};

/// Reads the card's network for the card's runtime and device. Throws Error: kNotFound,
/// kInvalidArgument (the runtime cannot read it: says why and what to do; no such output),
/// kFailedPrecondition (this program was built without that runtime or device), kDataLoss (an empty
/// file), kResourceExhausted (over what a file of its kind can have).
std::unique_ptr<Network> OpenNetwork(const ModelCard& card);

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_NETWORK_H_
