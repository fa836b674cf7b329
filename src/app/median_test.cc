#include "app/median.h"

#include <gtest/gtest.h>

namespace shadowtutor::app {
namespace {

TEST(Median, IsTheOneInTheMiddle) {
  Median median;
  EXPECT_FALSE(median.Value());
  median.Add(5);
  EXPECT_EQ(median.Value(), 5);
  median.Add(1);
  EXPECT_EQ(median.Value(), 5);
  median.Add(2);
  EXPECT_EQ(median.Value(), 2);
}

TEST(Median, ForgetsTheOldest) {
  Median median;
  for (size_t i = 0; i < Median::kMostSamples; ++i) median.Add(1);
  for (size_t i = 0; i < Median::kMostSamples / 2 + 1; ++i) median.Add(2);
  EXPECT_EQ(median.Value(), 2);
}

}  // namespace
}  // namespace shadowtutor::app
