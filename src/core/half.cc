#include "core/half.h"

#include "core/bit_cast.h"

namespace shadowtutor {

namespace {

constexpr uint32_t kFloatInfinity = 0x7f800000;
constexpr uint32_t kSmallestNormalHalf = 0x38800000;  // 2^-14 as a float
constexpr uint16_t kHalfInfinity = 0x7c00;
constexpr uint16_t kLargestHalf = 0x7bff;

// value / 2^shift, rounded to the nearest integer, ties to even; 1 <= shift <= 31.
uint32_t ShiftRight(uint32_t value, int shift) {
  const uint32_t quotient = value >> shift;
  const uint32_t rest = value & ((1u << shift) - 1);
  const uint32_t half = 1u << (shift - 1);
  const bool up = rest > half || (rest == half && (quotient & 1));
  return quotient + (up ? 1 : 0);
}

}  // namespace

uint16_t HalfFromFloat(float value) {
  const uint32_t bits = BitCast<uint32_t>(value);
  const uint16_t sign = static_cast<uint16_t>((bits >> 16) & 0x8000);
  const uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > kFloatInfinity) {  // a NaN; the result is a quiet NaN
    return static_cast<uint16_t>(sign | kHalfInfinity | 0x200 | ((magnitude >> 13) & 0x3ff));
  }
  if (magnitude == kFloatInfinity) return sign | kHalfInfinity;

  uint32_t half;
  if (magnitude >= kSmallestNormalHalf) {
    // Drops 13 mantissa bits; a carry out of the mantissa raises the exponent, as it should.
    half = ShiftRight(magnitude - ((127u - 15u) << 23), 13);
    if (half > kLargestHalf) half = kLargestHalf;
  } else {
    // A subnormal half counts in units of 2^-24.
    const int exponent = static_cast<int>(magnitude >> 23);
    const int shift = 126 - exponent;
    if (exponent == 0 || shift > 24) return sign;  // less than half a unit: rounds to zero
    half = ShiftRight((magnitude & 0x7fffff) | 0x800000, shift);
  }
  return sign | static_cast<uint16_t>(half);
}

float FloatFromHalf(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  const uint32_t exponent = (half >> 10) & 0x1f;
  const uint32_t mantissa = half & 0x3ff;
  if (exponent == 0x1f) {
    return BitCast<float>(sign | kFloatInfinity | (mantissa << 13));
  }
  if (exponent != 0) {
    return BitCast<float>(sign | ((exponent + 127 - 15) << 23) | (mantissa << 13));
  }
  const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
  return BitCast<float>(sign | BitCast<uint32_t>(magnitude));
}

uint16_t UpperHalfOf(float value) {
  return static_cast<uint16_t>((BitCast<uint32_t>(value) + 0x8000u) >> 16);
}

float FloatFromUpperHalf(uint16_t half) { return BitCast<float>(uint32_t{half} << 16); }

}  // namespace shadowtutor
