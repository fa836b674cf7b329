// The matrix unit of processors with AMX: it multiplies tiles of bfloat16 numbers (a float's sign,
// exponent and upper 7 bits) and adds the products in single precision, at 16 times the speed of
// AVX-512's multiplications of floats.
//
// Thread safety: any thread.
#ifndef SHADOWTUTOR_NN_KERNELS_MATRIX_UNIT_H_
#define SHADOWTUTOR_NN_KERNELS_MATRIX_UNIT_H_

#include <cstddef>

namespace shadowtutor::nn {

/// Whether there is one, the operating system lets this process use it, and the instruction set in
/// use (isa.h) includes it.
bool HasMatrixUnit();
/// The same without regard to the instruction set in use. For isa.h.
bool MatrixUnitPresent();
/// Whether the kernels use the unit, if it is present. For isa.h.
void UseMatrixUnit(bool use);

/// The channels that one tile of the unit multiplies, and the pixels (or outputs) that it computes.
inline constexpr int kMatrixChannels = 32;
inline constexpr int kMatrixPixels = 16;

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_MATRIX_UNIT_H_
