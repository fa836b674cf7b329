// The interface of the module that is linked with libtorch. The module is loaded only when a card
// needs TorchScript, because loading libtorch takes long; and only its one source file is compiled
// with libtorch's headers.
#ifndef SHADOWTUTOR_TEACHER_TORCH_MODULE_H_
#define SHADOWTUTOR_TEACHER_TORCH_MODULE_H_

#include "teacher/runtime_network.h"

namespace shadowtutor::teacher::internal {

inline constexpr const char* kTorchModuleFile = "libshadowtutor_torch.so";
inline constexpr const char* kTorchOpenSymbol = "ShadowTutorOpenTorchNetwork";
inline constexpr const char* kTorchVersionSymbol = "ShadowTutorTorchModuleVersion";

/// The caller owns the network. Throws Error as OpenNetwork does.
using TorchOpen = Network* (*)(const ModelCard& card);
/// The version of ShadowTutor that the module was built with. It must be the program's own, because
/// both use the same types.
using TorchVersion = const char* (*)();

}  // namespace shadowtutor::teacher::internal

#endif  // SHADOWTUTOR_TEACHER_TORCH_MODULE_H_
