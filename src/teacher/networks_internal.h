// The runtimes among which OpenNetwork chooses. Internal to teacher/.
#ifndef SHADOWTUTOR_TEACHER_NETWORKS_INTERNAL_H_
#define SHADOWTUTOR_TEACHER_NETWORKS_INTERNAL_H_

#include <algorithm>
#include <memory>
#include <string>

#include "teacher/runtime_network.h"

namespace shadowtutor::teacher::internal {

/// OpenCV cannot read a model. Another runtime may.
class UnreadableModel : public Error {
 public:
  using Error::Error;
};

/// `model` is the content of the card's file, as ReadOnnx reads it. Throws UnreadableModel
/// (kInvalidArgument), and Error as OpenNetwork does.
std::unique_ptr<Network> OpenOpenCvNetwork(const ModelCard& card, std::string model);

/// In a module, as the next one (runtime_module.h). Throws Error as OpenNetwork does.
std::unique_ptr<Network> OpenTorchNetwork(const ModelCard& card);

/// Whether the module with ONNX Runtime is there, which it then loads.
bool HasOnnxRuntime();
/// Throws Error as OpenNetwork does.
std::unique_ptr<Network> OpenOnnxRuntimeNetwork(const ModelCard& card);

/// The text of a runtime's error on one line, cut to a readable length.
inline std::string OneLine(std::string reason) {
  std::replace(reason.begin(), reason.end(), '\n', ' ');
  constexpr size_t kEnough = 300;
  if (reason.size() > kEnough) reason = reason.substr(0, kEnough) + " ...";
  return reason;
}

}  // namespace shadowtutor::teacher::internal

#endif  // SHADOWTUTOR_TEACHER_NETWORKS_INTERNAL_H_
