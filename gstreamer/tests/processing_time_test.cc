#include "gstreamer/processing_time.h"

#include <gtest/gtest.h>

namespace shadowtutor::gst {
namespace {

using std::chrono::milliseconds;

TEST(ProcessingTime, IsTheNextPowerOfTwoOfTheMeanAndOnlyGrows) {
  ProcessingTime time;
  EXPECT_FALSE(time.Add(milliseconds(5000)));  // the first frame
  int grown = 0;
  for (int i = 0; i < 30; ++i) grown += time.Add(milliseconds(5));
  EXPECT_EQ(grown, 1);
  EXPECT_EQ(time.latency(), milliseconds(8));
  for (int i = 0; i < 100; ++i) grown += time.Add(milliseconds(1));
  EXPECT_EQ(time.latency(), milliseconds(8));
  time.Add(milliseconds(20));  // one slow frame is not the mean
  EXPECT_EQ(time.latency(), milliseconds(8));
  for (int i = 0; i < 100; ++i) grown += time.Add(milliseconds(33));
  EXPECT_EQ(time.latency(), milliseconds(64));
  EXPECT_LE(grown, 4);
  for (int i = 0; i < 100; ++i) time.Add(milliseconds(100'000));
  EXPECT_EQ(time.latency(), milliseconds(1024));
}

}  // namespace
}  // namespace shadowtutor::gst
