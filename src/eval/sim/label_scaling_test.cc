#include "eval/sim/label_scaling.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "distill/miou.h"
#include "eval/testing/moving_shapes.h"

namespace shadowtutor::eval {
namespace {

TEST(ReducedTo, KeepsTheAspectRatioAndNeverEnlarges) {
  EXPECT_EQ(ReducedTo(640, {1280, 720}), (FrameSize{640, 360}));
  EXPECT_EQ(ReducedTo(512, {640, 361}), (FrameSize{512, 289}));
  EXPECT_EQ(ReducedTo(1280, {1280, 720}), (FrameSize{1280, 720}));
  EXPECT_EQ(ReducedTo(2000, {1280, 720}), (FrameSize{1280, 720}));
  EXPECT_EQ(ReducedTo(0, {1280, 720}), (FrameSize{1280, 720}));
  EXPECT_EQ(ReducedTo(1, {8192, 1}), (FrameSize{1, 1}));
}

TEST(ScaledLabels, AReducedPixelGetsTheLabelInItsMiddle) {
  LabelMap labels(6, 3, 7);
  labels.at(1, 1) = 3;                      // the middle of the left nine
  labels.at(3, 1) = labels.at(5, 1) = 200;  // beside the middle of the right nine
  EXPECT_EQ(Scaled(labels, {2, 1}).labels(), (std::vector<uint8_t>{3, 7}));
  EXPECT_EQ(Scaled(labels, labels.size()), labels);
  EXPECT_EQ(Scaled(LabelMap(1, 1, 255), {5, 3}), LabelMap(5, 3, 255));
}

TEST(ScaledLabels, EnlargedTheyAreBetterThanTheNearestPixel) {
  constexpr FrameSize kLarge{320, 240}, kSmall{80, 60};
  const LabelMap labels = LabelShapes(kLarge, 5);
  const LabelMap back = Scaled(Scaled(labels, kSmall), kLarge);
  LabelMap nearest(kLarge.width, kLarge.height);
  for (int y = 0; y < kLarge.height; ++y) {
    for (int x = 0; x < kLarge.width; ++x) {
      nearest.at(x, y) = labels.at(x / 4 * 4 + 2, y / 4 * 4 + 2);
    }
  }
  const double smooth = distill::MeanIoU(back, labels, 3);
  EXPECT_GT(smooth, distill::MeanIoU(nearest, labels, 3));
  EXPECT_GT(smooth, 0.97);
}

TEST(ScaledPictures, KeepWhatIsInThem) {
  constexpr FrameSize kLarge{320, 240};
  const Image picture = DrawShapes(kLarge, 0);
  const Image small = Scaled(picture, {80, 60});
  EXPECT_EQ(small.size(), (FrameSize{80, 60}));
  const Image back = Scaled(small, kLarge);
  ASSERT_EQ(back.size(), kLarge);
  double difference = 0;
  for (size_t i = 0; i < picture.bytes().size(); ++i) {
    difference += std::abs(int{picture.bytes()[i]} - int{back.bytes()[i]});
  }
  EXPECT_LT(difference / static_cast<double>(picture.bytes().size()), 8);
}

}  // namespace
}  // namespace shadowtutor::eval
