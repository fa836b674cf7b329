// Chooses the instruction set of the kernels.
//
// Thread safety: any thread.
#ifndef SHADOWTUTOR_NN_KERNELS_ISA_H_
#define SHADOWTUTOR_NN_KERNELS_ISA_H_

#include <string>

namespace shadowtutor::nn {

/// Picks the best instruction set of this machine, or the one that the environment variable
/// SHADOWTUTOR_ISA names (amx, which is avx512 and a matrix unit; avx512, avx2, sse4, neon, wasm,
/// scalar). Called before the first kernel; later calls do nothing. Throws Error kInvalidArgument
/// for a name that is unknown or that this machine cannot run.
void SelectInstructionSet();

/// The name of the instruction set in use, as in SHADOWTUTOR_ISA.
std::string InstructionSetName();

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_ISA_H_
