// Runs TorchScript networks, in the module of torch_module.cc.
#include "core/parallel.h"
#include "teacher/networks_internal.h"
#include "teacher/runtime_module.h"

namespace shadowtutor::teacher::internal {

std::unique_ptr<Network> OpenTorchNetwork(const ModelCard& card) {
  static const LoadedModule module = LoadRuntimeModule(kTorchModule);
  if (!module.open) {
    throw Error(ErrorCode::kFailedPrecondition,
                "TorchScript models need the module " + std::string(kTorchModule.file) +
                    ", which the package shadowtutor-torch brings, and which a build makes beside "
                    "the program where libtorch is installed (Debian: libtorch-dev): " +
                    OneLine(module.reasons));
  }
  return std::unique_ptr<Network>(module.open(card, MaxThreads()));
}

}  // namespace shadowtutor::teacher::internal
