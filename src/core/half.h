// IEEE 754 half precision in plain integer arithmetic, so that every machine gives the same bits.
#ifndef SHADOWTUTOR_CORE_HALF_H_
#define SHADOWTUTOR_CORE_HALF_H_

#include <cstdint>

namespace shadowtutor {

/// Rounds to nearest, ties to even. Finite values beyond the range become the largest finite half
/// (65504), never infinity; infinities and NaNs stay what they are.
uint16_t HalfFromFloat(float value);

/// Exact.
float FloatFromHalf(uint16_t half);

}  // namespace shadowtutor

#endif  // SHADOWTUTOR_CORE_HALF_H_
