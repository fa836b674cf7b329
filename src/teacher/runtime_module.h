// Modules: libraries of ours that run networks with a runtime of others, and are loaded only when a
// card needs them, because the runtime is large, takes long to load, or is not everywhere. Only a
// module's one source file is compiled with the runtime's headers.
#ifndef SHADOWTUTOR_TEACHER_RUNTIME_MODULE_H_
#define SHADOWTUTOR_TEACHER_RUNTIME_MODULE_H_

#include <string>

#include "teacher/runtime_network.h"

namespace shadowtutor::teacher::internal {

/// What opens a card's network, with the threads that it may compute on (>= 1). The caller owns it.
/// Throws Error as OpenNetwork does.
using ModuleOpen = Network* (*)(const ModelCard& card, int threads);
/// The version of ShadowTutor that the module was built with. It must be the program's own, because
/// both use the same types.
using ModuleVersion = const char* (*)();

/// A module and the names of its two functions.
struct RuntimeModule {
  const char* file;
  const char* open_symbol;
  const char* version_symbol;
};

struct LoadedModule {
  ModuleOpen open = nullptr;  // null: it could not be loaded
  std::string reasons;        // why not, for each place
};

/// Looks for the module beside the file that holds this code (the program, or
/// libshadowtutor-teacher), where a package installs it, and in the search path of the dynamic
/// linker. It is never unloaded, because runtimes keep registries until the process ends.
///
/// Thread safety: any thread.
LoadedModule LoadRuntimeModule(const RuntimeModule& module);

inline constexpr RuntimeModule kTorchModule = {
    "libshadowtutor_torch.so", "ShadowTutorOpenTorchNetwork", "ShadowTutorTorchModuleVersion"};
inline constexpr RuntimeModule kOnnxRuntimeModule = {"libshadowtutor_onnxruntime.so",
                                                     "ShadowTutorOpenOnnxRuntimeNetwork",
                                                     "ShadowTutorOnnxRuntimeModuleVersion"};

}  // namespace shadowtutor::teacher::internal

#endif  // SHADOWTUTOR_TEACHER_RUNTIME_MODULE_H_
