#include "distill/key_frame_stride.h"

#include <gtest/gtest.h>

#include <limits>

#include "shadowtutor/types.h"

namespace shadowtutor::distill {
namespace {

constexpr StrideOptions kDefaults;

TEST(NextStride, StaysAtTheThreshold) {
  for (const int stride : {8, 9, 13, 40, 64}) EXPECT_EQ(NextStride(stride, 0.8, kDefaults), stride);
}

TEST(NextStride, ShrinksInProportionBelowTheThreshold) {
  EXPECT_EQ(NextStride(32, 0.4, kDefaults), 16);
  EXPECT_EQ(NextStride(63, 0.4, kDefaults), 31);  // 31.5
  EXPECT_EQ(NextStride(64, 0.6, kDefaults), 47);  // 47.999...: 0.6 / 0.8 is just below 0.75
  EXPECT_EQ(NextStride(16, 0.0, kDefaults), 8);
}

TEST(NextStride, GrowsUpToTwiceAboveTheThreshold) {
  EXPECT_EQ(NextStride(10, 1.0, kDefaults), 20);
  EXPECT_EQ(NextStride(20, 0.85, kDefaults), 25);
  EXPECT_EQ(NextStride(32, 0.95, kDefaults), 55);  // 55.999...: the ratio is just below 1.75
}

TEST(NextStride, LeavesTheMinimumOnlyFromAMetricOf0825On) {
  EXPECT_EQ(NextStride(8, 0.8249, kDefaults), 8);
  EXPECT_EQ(NextStride(8, 0.8251, kDefaults), 9);
}

TEST(NextStride, IsClamped) {
  EXPECT_EQ(NextStride(64, 1.0, kDefaults), 64);
  EXPECT_EQ(NextStride(8, 0.1, kDefaults), 8);
  const StrideOptions narrow{.threshold = 0.5, .min_stride = 3, .max_stride = 5};
  EXPECT_EQ(NextStride(4, 1.0, narrow), 5);
  EXPECT_EQ(NextStride(4, 0.1, narrow), 3);
  EXPECT_EQ(NextStride(4, 0.5, narrow), 4);
}

TEST(NextStride, SurvivesMetricsThatNoServerShouldSend) {
  EXPECT_EQ(NextStride(8, 1e300, kDefaults), 64);
  EXPECT_EQ(NextStride(8, -1e300, kDefaults), 8);
  EXPECT_EQ(NextStride(8, std::numeric_limits<double>::infinity(), kDefaults), 64);
  EXPECT_EQ(NextStride(8, std::numeric_limits<double>::quiet_NaN(), kDefaults), 8);
}

TEST(StrideOptions, AreChecked) {
  EXPECT_NO_THROW(Validate(kDefaults));
  EXPECT_NO_THROW(Validate(StrideOptions{.threshold = 0.5, .min_stride = 1, .max_stride = 1}));
  EXPECT_THROW(Validate(StrideOptions{.threshold = 0}), Error);
  EXPECT_THROW(Validate(StrideOptions{.threshold = 1}), Error);
  EXPECT_THROW(Validate(StrideOptions{.threshold = std::numeric_limits<double>::quiet_NaN()}),
               Error);
  EXPECT_THROW(Validate(StrideOptions{.min_stride = 0}), Error);
  EXPECT_THROW(Validate(StrideOptions{.min_stride = 9, .max_stride = 8}), Error);
}

}  // namespace
}  // namespace shadowtutor::distill
