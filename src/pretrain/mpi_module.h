// The interface of the module that is linked with MPI, so that the program is not.
#ifndef SHADOWTUTOR_PRETRAIN_MPI_MODULE_H_
#define SHADOWTUTOR_PRETRAIN_MPI_MODULE_H_

#include "pretrain/ranks.h"

namespace shadowtutor::pretrain {

inline constexpr const char* kMpiModuleFile = "libshadowtutor_mpi.so";
inline constexpr const char* kMpiOpenSymbol = "ShadowTutorOpenMpiRanks";
inline constexpr const char* kMpiVersionSymbol = "ShadowTutorMpiModuleVersion";

/// Starts MPI. The caller owns the ranks, whose destructor ends MPI; to be called once in a
/// process. `silence_seconds`: for how long another rank may not be heard of while this one waits.
/// Throws Error kUnavailable.
using MpiOpen = Ranks* (*)(double silence_seconds);
/// The version of ShadowTutor that the module was built with. It must be the program's own, because
/// both use the same types.
using MpiVersion = const char* (*)();

}  // namespace shadowtutor::pretrain

#endif  // SHADOWTUTOR_PRETRAIN_MPI_MODULE_H_
