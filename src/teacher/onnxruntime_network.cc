// Runs ONNX networks with ONNX Runtime, in the module of onnxruntime_module.cc.
#include "core/parallel.h"
#include "teacher/networks_internal.h"
#include "teacher/runtime_module.h"

namespace shadowtutor::teacher::internal {
namespace {

const LoadedModule& Module() {
  static const LoadedModule module = LoadRuntimeModule(kOnnxRuntimeModule);
  return module;
}

}  // namespace

bool HasOnnxRuntime() { return Module().open != nullptr; }

std::unique_ptr<Network> OpenOnnxRuntimeNetwork(const ModelCard& card) {
  if (!HasOnnxRuntime()) {
    throw Error(ErrorCode::kFailedPrecondition,
                "ONNX Runtime needs the module " + std::string(kOnnxRuntimeModule.file) +
                    ", which a build makes beside the program where ONNX Runtime is found "
                    "(scripts/fetch-onnxruntime brings it); leave `runtime` out of the card for "
                    "OpenCV: " +
                    OneLine(Module().reasons));
  }
  return std::unique_ptr<Network>(Module().open(card, MaxThreads()));
}

}  // namespace shadowtutor::teacher::internal
