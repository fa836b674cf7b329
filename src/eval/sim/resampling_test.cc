#include "eval/sim/resampling.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "eval/testing/moving_shapes.h"
#include "video/testing/test_files.h"

namespace shadowtutor::eval {
namespace {

using testing::ErrorOf;
using testing::Says;

std::vector<uint64_t> FirstIndices(const Resampling& resampling, uint64_t count) {
  std::vector<uint64_t> indices;
  for (uint64_t i = 0; i < count; ++i) indices.push_back(resampling.SourceIndex(i));
  return indices;
}

TEST(Resampling, TakesTheFrameThatIsOnDisplay) {
  EXPECT_EQ(FirstIndices(Resampling(30000.0 / 1001, 7), 8),
            (std::vector<uint64_t>{0, 4, 8, 12, 17, 21, 25, 29}));
  EXPECT_EQ(FirstIndices(Resampling(30, 10), 5), (std::vector<uint64_t>{0, 3, 6, 9, 12}));
  EXPECT_EQ(FirstIndices(Resampling(10, 7), 8), (std::vector<uint64_t>{0, 1, 2, 4, 5, 7, 8, 10}));
  EXPECT_EQ(FirstIndices(Resampling(25, 25), 3), (std::vector<uint64_t>{0, 1, 2}));
  EXPECT_EQ(FirstIndices(Resampling(), 3), (std::vector<uint64_t>{0, 1, 2}));
}

TEST(Resampling, LosesNoTimeAndTakesNoFrameTwice) {
  for (const double source : {29.97002997, 25.0, 23.976, 59.94, 7.0}) {
    const Resampling resampling(source, 7);
    uint64_t before = 0;
    for (uint64_t i = 1; i < 20000; ++i) {
      const uint64_t index = resampling.SourceIndex(i);
      EXPECT_GT(index, before);
      const double late = static_cast<double>(i) / 7 - static_cast<double>(index) / source;
      EXPECT_GE(late, -1e-6);
      EXPECT_LT(late, 1 / source);
      before = index;
    }
  }
}

TEST(Resampling, CountsWhatStays) {
  const Resampling resampling(30, 7);
  for (uint64_t frames = 0; frames < 200; ++frames) {
    uint64_t expected = 0;
    while (resampling.SourceIndex(expected) < frames) ++expected;
    EXPECT_EQ(resampling.FramesOf(frames), expected) << frames;
  }
}

TEST(Resampling, RefusesRatesThatItCannotMake) {
  EXPECT_TRUE(Says(ErrorOf([] { Resampling(5, 7); }), "cannot be re-sampled to 7"));
  EXPECT_THROW(Resampling(25, 0), Error);
  EXPECT_THROW(Resampling(25, -1), Error);
  EXPECT_EQ(ErrorOf([] { Resampling(0, 7); }).code(), ErrorCode::kFailedPrecondition);
}

TEST(ResampledSource, GivesThoseFramesAndLabelsStayWithThem) {
  constexpr FrameSize kSize{32, 24};
  ResampledSource source(std::make_unique<ShapesSource>(kSize, 20), 7);  // from 25
  EXPECT_EQ(source.frames_per_second(), 7);
  EXPECT_EQ(source.frame_count(), 6);
  ShapesTeacher teacher;
  ResampledTeacher labels(teacher, source.resampling());
  uint64_t count = 0;
  const std::vector<uint64_t> expected = {0, 3, 7, 10, 14, 17};
  for (Image frame; source.Read(frame); ++count) {
    ASSERT_LT(count, expected.size());
    EXPECT_EQ(frame.bytes(), DrawShapes(kSize, expected[count]).bytes());
    EXPECT_EQ(labels.Label(frame, count).label, LabelShapes(kSize, expected[count]));
  }
  EXPECT_EQ(count, 6u);

  ResampledSource whole(std::make_unique<ShapesSource>(kSize, 20), std::nullopt);
  EXPECT_EQ(whole.frames_per_second(), 25);
  EXPECT_EQ(whole.frame_count(), 20);
}

}  // namespace
}  // namespace shadowtutor::eval
