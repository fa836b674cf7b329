#include "eval/sim/stability.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace shadowtutor::eval {
namespace {

// The flicker of one pixel that has these classes, a digit for each frame.
double FlickerOf(const std::string& classes) {
  Stability stability;
  for (const char c : classes) stability.Add(LabelMap(1, 1, static_cast<uint8_t>(c - '0')));
  return stability.flicker();
}

TEST(Stability, CountsPixelsThatChangeAndChangeBackWithinThreeFrames) {
  EXPECT_EQ(FlickerOf(""), 0);
  EXPECT_EQ(FlickerOf("01"), 0);
  EXPECT_EQ(FlickerOf("010"), 1);
  EXPECT_EQ(FlickerOf("0110"), 0.5);  // back after two frames
  EXPECT_EQ(FlickerOf("01110"), 0);   // after three it is a change of its own
  EXPECT_EQ(FlickerOf("0120"), 0.5);  // by way of another class
  EXPECT_EQ(FlickerOf("0123"), 0);
  EXPECT_EQ(FlickerOf("00011"), 0);   // a change that lasts
  EXPECT_EQ(FlickerOf("010101"), 1);  // at every frame from the third on
  EXPECT_EQ(FlickerOf("0100"), 0.5);
}

TEST(Stability, IsAShareOfThePixels) {
  Stability stability;
  LabelMap labels(10, 7, 2);
  stability.Add(labels);
  labels.at(3, 2) = labels.at(9, 6) = 1;
  stability.Add(labels);
  labels.at(3, 2) = 2;
  stability.Add(labels);
  EXPECT_EQ(stability.flicker(), 1.0 / 70);
  stability.Add(labels);
  EXPECT_EQ(stability.flicker(), 0.5 / 70);
}

TEST(Stability, AFrameOfAnotherSizeBeginsAnew) {
  Stability stability;
  for (const int width : {4, 4, 5, 5, 5}) {
    stability.Add(LabelMap(width, 1, static_cast<uint8_t>(width)));
  }
  EXPECT_EQ(stability.flicker(), 0);
  stability.Add(LabelMap(5, 1, 1));
  stability.Add(LabelMap(5, 1, 5));
  EXPECT_EQ(stability.flicker(), 1.0 / 3);  // the third, fourth and fifth frame of that size count
}

// The same as the definition, pixel by pixel, on frames that are larger than a block of the loop.
TEST(Stability, LargeFramesAreCountedInFull) {
  constexpr int kWidth = 333, kHeight = 211;
  std::mt19937 random(7);
  std::vector<LabelMap> frames;
  Stability stability;
  for (int t = 0; t < 6; ++t) {
    frames.emplace_back(kWidth, kHeight);
    for (uint8_t& label : frames.back().labels()) label = static_cast<uint8_t>(random() % 2);
    stability.Add(frames.back());
  }
  double sum = 0;
  for (int t = 2; t < 6; ++t) {
    int count = 0;
    for (size_t i = 0; i < frames[t].labels().size(); ++i) {
      const auto at = [&](int frame) { return frames[frame].labels()[i]; };
      count += at(t) != at(t - 1) && (at(t) == at(t - 2) || (t > 2 && at(t) == at(t - 3)));
    }
    sum += static_cast<double>(count) / (kWidth * kHeight);
  }
  EXPECT_DOUBLE_EQ(stability.flicker(), sum / 4);
}

TEST(Stability, AllPixelsOfALargeFrameMayFlicker) {
  Stability stability;
  for (const uint8_t label : {0, 1, 0, 1}) stability.Add(LabelMap(1280, 720, label));
  EXPECT_EQ(stability.flicker(), 1);
}

}  // namespace
}  // namespace shadowtutor::eval
