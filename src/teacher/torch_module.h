// The door of the module that knows libtorch: one file that is compiled with its headers and loaded
// when a card asks for TorchScript, so that nobody else pays for either.
#ifndef SHADOWTUTOR_TEACHER_TORCH_MODULE_H_
#define SHADOWTUTOR_TEACHER_TORCH_MODULE_H_

#include "teacher/network.h"

namespace shadowtutor::teacher::internal {

inline constexpr const char* kTorchModuleFile = "libshadowtutor_torch.so";
inline constexpr const char* kTorchOpenSymbol = "ShadowTutorOpenTorchNetwork";
inline constexpr const char* kTorchVersionSymbol = "ShadowTutorTorchModuleVersion";

/// The caller owns the network. Throws Error as OpenNetwork does.
using TorchOpen = Network* (*)(const ModelCard& card);
/// The version of ShadowTutor that the module was built with; another one's memory looks different.
using TorchVersion = const char* (*)();

}  // namespace shadowtutor::teacher::internal

#endif  // SHADOWTUTOR_TEACHER_TORCH_MODULE_H_
