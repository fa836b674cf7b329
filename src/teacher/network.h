// A network that runs: planar floats in, named tensors out. One implementation per runtime.
#ifndef SHADOWTUTOR_TEACHER_NETWORK_H_
#define SHADOWTUTOR_TEACHER_NETWORK_H_

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

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_NETWORK_H_
