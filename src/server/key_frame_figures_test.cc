#include "server/key_frame_figures.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numeric>

namespace shadowtutor::server {
namespace {

TEST(Histogram, CountsEachValueOnceAtTheFirstBoundThatHoldsIt) {
  static constexpr std::array<double, 3> kBounds = {1, 2, 4};
  Histogram histogram(kBounds);
  for (const double value : {0.5, 1.0, 1.5, 4.0, 4.5, -1.0}) histogram.Observe(value);
  const auto counts = histogram.counts();
  ASSERT_EQ(counts.size(), 4u);
  EXPECT_EQ(counts[0], 3u);  // 0.5, 1 and -1
  EXPECT_EQ(counts[1], 1u);
  EXPECT_EQ(counts[2], 1u);
  EXPECT_EQ(counts[3], 1u);
  EXPECT_EQ(histogram.count(), std::accumulate(counts.begin(), counts.end(), uint64_t{0}));
  EXPECT_DOUBLE_EQ(histogram.sum(), 10.5);
}

TEST(Histogram, LeavesOutWhatIsNoNumber) {
  Histogram histogram(KeyFrameFigures::kSeconds);
  histogram.Observe(std::nan(""));
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.sum(), 0);
}

TEST(KeyFrameFigures, AreInSecondsAndBytes) {
  KeyFrameFigures figures;
  wire::Update update;
  update.teacher_ms = 250;
  update.train_ms = 40;
  update.initial_metric = 0.75;
  update.payload.resize(300);
  figures.Answered(update, {.teacher_wait_ms = 3, .training_wait_ms = 12, .bytes_up = 5000}, 2);
  EXPECT_DOUBLE_EQ(figures.teacher_s.sum(), 0.25);
  EXPECT_DOUBLE_EQ(figures.training_s.sum(), 0.04);
  EXPECT_DOUBLE_EQ(figures.teacher_wait_s.sum(), 0.003);
  EXPECT_DOUBLE_EQ(figures.training_wait_s.sum(), 0.012);
  EXPECT_DOUBLE_EQ(figures.encoding_s.sum(), 0.002);
  EXPECT_DOUBLE_EQ(figures.key_frame_bytes.sum(), 5000);
  EXPECT_DOUBLE_EQ(figures.update_bytes.sum(), 300);
  EXPECT_DOUBLE_EQ(figures.miou.sum(), 0.75);
}

TEST(KeyFrameFigures, AnUpdateWithoutWeightsWasNotEncoded) {
  KeyFrameFigures figures;
  figures.Answered({}, {}, 0);
  EXPECT_EQ(figures.encoding_s.count(), 0u);
  EXPECT_EQ(figures.update_bytes.count(), 0u);
  EXPECT_EQ(figures.teacher_s.count(), 1u);
}

}  // namespace
}  // namespace shadowtutor::server
