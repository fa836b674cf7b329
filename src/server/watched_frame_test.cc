#include "server/watched_frame.h"

#include <gtest/gtest.h>

namespace shadowtutor::server {
namespace {

TEST(WatchedFrame, SizesKeepTheirShape) {
  EXPECT_EQ(WatchedSize({64, 48}), (FrameSize{64, 48}));
  EXPECT_EQ(WatchedSize({1280, 720}), (FrameSize{384, 216}));
  EXPECT_EQ(WatchedSize({720, 1280}), (FrameSize{216, 384}));
  EXPECT_EQ(WatchedSize({kMaxFrameSide, 1}), (FrameSize{384, 1}));
}

TEST(WatchedFrame, PixelsAreMeansAndLabelsAreLabels) {
  Image frame(768, 4);
  LabelMap label(768, 4);
  for (int y = 0; y < 4; ++y) {
    for (int x = 0; x < 768; ++x) {
      for (int c = 0; c < 3; ++c) frame.row(y)[3 * x + c] = x % 2 ? 10 * c : 10 * c + 4;
      label.at(x, y) = x < 384 ? 3 : 7;
    }
  }
  const Image small = ShrinkForWatching(frame.view());
  ASSERT_EQ(small.size(), (FrameSize{384, 2}));
  for (int x = 0; x < 384; ++x) {
    for (int c = 0; c < 3; ++c) ASSERT_EQ(small.row(1)[3 * x + c], 10 * c + 2) << x;
  }
  const LabelMap labels = ShrinkForWatching(label);
  ASSERT_EQ(labels.size(), (FrameSize{384, 2}));
  for (int x = 0; x < 384; ++x) ASSERT_EQ(labels.at(x, 0), x < 192 ? 3 : 7) << x;
  EXPECT_TRUE(ShrinkForWatching(LabelMap()).empty());
}

TEST(WatchedFrame, SmallFramesStayAsTheyAre) {
  Image frame(5, 3);
  for (size_t i = 0; i < frame.bytes().size(); ++i) frame.bytes()[i] = static_cast<uint8_t>(5 * i);
  EXPECT_EQ(ShrinkForWatching(frame.view()).bytes(), frame.bytes());
  LabelMap label(5, 3, 2);
  label.at(4, 2) = 1;
  EXPECT_EQ(ShrinkForWatching(label), label);
}

}  // namespace
}  // namespace shadowtutor::server
