// The runtimes that OpenNetwork chooses from.
#ifndef SHADOWTUTOR_TEACHER_NETWORKS_INTERNAL_H_
#define SHADOWTUTOR_TEACHER_NETWORKS_INTERNAL_H_

#include <algorithm>
#include <memory>
#include <string>

#include "teacher/network.h"

namespace shadowtutor::teacher::internal {

/// Throws Error kInvalidArgument when OpenCV cannot read the model.
std::unique_ptr<Network> OpenOpenCvNetwork(const ModelCard& card);

/// Loads the module that knows libtorch; programs that use no TorchScript never load libtorch.
std::unique_ptr<Network> OpenTorchNetwork(const ModelCard& card);

/// Whether this program was built with ONNX Runtime.
bool HasOnnxRuntime();
std::unique_ptr<Network> OpenOnnxRuntimeNetwork(const ModelCard& card);

/// A runtime's reason on one line and not longer than is read.
inline std::string OneLine(std::string reason) {
  std::replace(reason.begin(), reason.end(), '\n', ' ');
  constexpr size_t kEnough = 300;
  if (reason.size() > kEnough) reason = reason.substr(0, kEnough) + " ...";
  return reason;
}

}  // namespace shadowtutor::teacher::internal

#endif  // SHADOWTUTOR_TEACHER_NETWORKS_INTERNAL_H_
