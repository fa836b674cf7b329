// IEEE 754 half precision in plain integer arithmetic, so that every machine gives the same bits.
#ifndef SHADOWTUTOR_CORE_HALF_H_
#define SHADOWTUTOR_CORE_HALF_H_

#include <cstdint>

namespace shadowtutor {

/// The bits of the nearest half, ties to even. Finite values beyond the range of a half become
/// +-65504, its largest finite values, never infinity; infinities and NaNs stay what they are.
uint16_t HalfFromFloat(float value);

/// The value of a half given by its bits; exact.
float FloatFromHalf(uint16_t half);

/// The upper half of the nearest float with 8 significant bits (bfloat16), and the float with that
/// upper half and zeros below. For finite values.
uint16_t UpperHalfOf(float value);
float FloatFromUpperHalf(uint16_t half);

}  // namespace shadowtutor

#endif  // SHADOWTUTOR_CORE_HALF_H_
