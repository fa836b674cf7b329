// A network that is ready to run: takes planar floats and returns named tensors. There is one
// implementation per runtime.
#ifndef SHADOWTUTOR_TEACHER_RUNTIME_NETWORK_H_
#define SHADOWTUTOR_TEACHER_RUNTIME_NETWORK_H_

#include <string>
#include <vector>

#include "teacher/decode.h"
#include "teacher/model_card.h"

namespace shadowtutor::teacher {

/// An output. Outputs without a name are called by their position: "0", "1", ...
struct NamedTensor {
  std::string name;
  TensorView tensor;
};

/// Thread safety: one thread at a time; Interrupt from any.
class Network {
 public:
  virtual ~Network() = default;

  /// Runs the network on `values`, which are [1,3,height,width]. The result is valid until the next
  /// call. Throws Error kInvalidArgument when the network does not accept this input, kInternal or
  /// kResourceExhausted when running it fails; on a server also kUnavailable and kDeadlineExceeded
  /// when it is away or slow, and others for what it says.
  virtual std::vector<NamedTensor> Run(std::vector<float>& values, FrameSize size) = 0;

  /// Ends a call of Run that is under way soon, if it can be interrupted. Does not wait.
  virtual void Interrupt() {}

  /// The runtime, its version and the device: "OpenCV 4.6.0, cpu". May be called while Run runs.
  virtual std::string runtime() const = 0;
};

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_RUNTIME_NETWORK_H_
