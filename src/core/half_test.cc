#include "core/half.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace shadowtutor {
namespace {

bool IsNan(uint16_t half) { return (half & 0x7fff) > 0x7c00; }

TEST(Half, EveryValueSurvivesTheRoundTrip) {
  for (uint32_t bits = 0; bits <= 0xffff; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const float value = FloatFromHalf(half);
    if (IsNan(half)) {
      EXPECT_TRUE(std::isnan(value)) << bits;
      EXPECT_EQ(HalfFromFloat(value), half | 0x200) << bits;
    } else {
      EXPECT_EQ(HalfFromFloat(value), half) << bits;
    }
  }
}

TEST(Half, ValuesAreTheStandards) {
  for (uint32_t bits = 0; bits < 0x7c00; ++bits) {
    const int exponent = static_cast<int>(bits >> 10);
    const double mantissa = bits & 0x3ff;
    const double value =
        exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
    EXPECT_EQ(FloatFromHalf(static_cast<uint16_t>(bits)), value) << bits;
    EXPECT_EQ(FloatFromHalf(static_cast<uint16_t>(bits | 0x8000)), -value) << bits;
  }
}

// The middle between two neighbouring halves rounds to the even one, any other value to the nearer
// one.
TEST(Half, RoundsToNearestEven) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (uint32_t bits = 0; bits < 0x7bff; ++bits) {
    const auto low = static_cast<uint16_t>(bits);
    const auto high = static_cast<uint16_t>(bits + 1);
    const float middle = (FloatFromHalf(low) + FloatFromHalf(high)) / 2;
    EXPECT_EQ(HalfFromFloat(middle), (bits & 1) ? high : low) << bits;
    EXPECT_EQ(HalfFromFloat(std::nextafter(middle, 0.0f)), low) << bits;
    EXPECT_EQ(HalfFromFloat(std::nextafter(middle, kInfinity)), high) << bits;
    EXPECT_EQ(HalfFromFloat(-std::nextafter(middle, kInfinity)), high | 0x8000) << bits;
  }
}

TEST(Half, StaysFiniteWhatIsFinite) {
  EXPECT_EQ(HalfFromFloat(65519.0f), 0x7bff);
  EXPECT_EQ(HalfFromFloat(65520.0f), 0x7bff);
  EXPECT_EQ(HalfFromFloat(std::numeric_limits<float>::max()), 0x7bff);
  EXPECT_EQ(HalfFromFloat(std::numeric_limits<float>::lowest()), 0xfbff);
  EXPECT_EQ(HalfFromFloat(std::numeric_limits<float>::infinity()), 0x7c00);
  EXPECT_EQ(HalfFromFloat(std::numeric_limits<float>::denorm_min()), 0);
  EXPECT_EQ(HalfFromFloat(-0.0f), 0x8000);
  EXPECT_TRUE(IsNan(HalfFromFloat(std::numeric_limits<float>::signaling_NaN())));
}

TEST(Half, UpperHalvesAreFloatsOfEightBits) {
  EXPECT_EQ(UpperHalfOf(1.0f), 0x3f80);
  EXPECT_EQ(FloatFromUpperHalf(0x3f80), 1.0f);
  EXPECT_EQ(FloatFromUpperHalf(UpperHalfOf(-0.375f)), -0.375f);
  EXPECT_EQ(FloatFromUpperHalf(UpperHalfOf(0.01f)), 0.010009765625f);
}

}  // namespace
}  // namespace shadowtutor
