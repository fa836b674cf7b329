#include "distill/trained_share.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

namespace shadowtutor::distill {
namespace {

class TrainedShareTest : public testing::Test {
 protected:
  TrainedShareTest()
      : layout_(nn::NetworkSpec{.classes = 3}),
        all_(layout_, kCut, nn::ParameterKinds::kAll),
        norms_(layout_, kCut, nn::ParameterKinds::kNorms),
        gradient_(layout_.TrainedSize(kCut)) {
    // Each weight's gradient is smaller than that of the one before.
    for (size_t i = 0; i < gradient_.size(); ++i) {
      gradient_[i] = (i % 2 ? -1.0f : 1.0f) * static_cast<float>(gradient_.size() - i);
    }
  }

  // One byte a weight: whether it is chosen.
  std::vector<uint8_t> Choose(TrainedShare& share) const {
    std::vector<uint8_t> marks(gradient_.size());
    for (const uint32_t index : share.Choose(gradient_)) marks[index] = 1;
    EXPECT_EQ(Count(marks), share.chosen().size());
    return marks;
  }
  static size_t Count(std::span<const uint8_t> marks) {
    return static_cast<size_t>(std::accumulate(marks.begin(), marks.end(), 0));
  }
  size_t Choices(double share) const {
    return static_cast<size_t>(share * static_cast<double>(all_.size() - norms_.size()));
  }

  static constexpr nn::Stage kCut = nn::Stage::kDec2;
  nn::NetworkLayout layout_;
  nn::ParameterSelection all_, norms_;
  std::vector<float> gradient_;
};

TEST_F(TrainedShareTest, TakesTheLargestGradientsAndTheFewThatAreAlwaysTrained) {
  TrainedShare share(layout_, kCut, all_, 0.1);
  EXPECT_FALSE(share.all());
  const auto chosen = Choose(share);
  ASSERT_EQ(chosen.size(), gradient_.size());
  EXPECT_EQ(Count(chosen), Choices(0.1) + norms_.size());
  const size_t offset = layout_.TrainedOffset(kCut);
  for (const auto& range : norms_.ranges()) {
    EXPECT_EQ(Count(std::span(chosen).subspan(range.begin - offset, range.count)), range.count);
  }
  // Convolutions at the end have the smallest gradients.
  const nn::ParameterInfo& late = layout_.Find("dec3.long_path.0.weight");
  EXPECT_EQ(Count(std::span(chosen).subspan(late.offset - offset, late.count)), 0u);
}

TEST_F(TrainedShareTest, NoneThatIsLeftOutHasALargerGradient) {
  const size_t offset = layout_.TrainedOffset(kCut);
  for (const float scale : {1e-30f, 0.01f, 1e4f}) {
    uint32_t random = 1;
    for (float& value : gradient_) {
      random = random * 1664525u + 1013904223u;
      value = scale * static_cast<float>(static_cast<int>(random >> 8) - 0x800000);
    }
    TrainedShare share(layout_, kCut, all_, 0.1);
    const auto chosen = Choose(share);
    EXPECT_EQ(Count(chosen), Choices(0.1) + norms_.size()) << scale;
    std::vector<uint8_t> always(gradient_.size());
    for (const auto& range : norms_.ranges()) {
      std::fill_n(always.begin() + static_cast<std::ptrdiff_t>(range.begin - offset), range.count,
                  uint8_t{1});
    }
    float least = INFINITY, left_out = 0;
    for (size_t i = 0; i < chosen.size(); ++i) {
      if (always[i]) continue;
      const float size = std::fabs(gradient_[i]);
      if (chosen[i]) {
        least = std::min(least, size);
      } else {
        left_out = std::max(left_out, size);
      }
    }
    EXPECT_GE(least, left_out) << scale;
  }
}

TEST_F(TrainedShareTest, TheChoiceStandsForAKeyFrame) {
  TrainedShare share(layout_, kCut, all_, 0.1);
  const std::vector<uint8_t> before = Choose(share);
  std::reverse(gradient_.begin(), gradient_.end());
  EXPECT_EQ(Choose(share), before);
  share.NewKeyFrame();
  const std::vector<uint8_t> other = Choose(share);
  EXPECT_NE(other, before);
  EXPECT_EQ(Count(other), Choices(0.1) + norms_.size());
}

TEST_F(TrainedShareTest, PrefersWhatWasTrainedBefore) {
  TrainedShare share(layout_, kCut, all_, 0.1);
  const std::vector<uint8_t> before = Choose(share);
  share.NewKeyFrame();
  // Others are larger now, but less than ten times.
  for (size_t i = 0; i < gradient_.size(); ++i) gradient_[i] = before[i] ? 1 : 5;
  EXPECT_EQ(Choose(share), before);
}

TEST_F(TrainedShareTest, WithoutGradientsThereIsLittleToTrain) {
  TrainedShare share(layout_, kCut, all_, 0.1);
  std::fill(gradient_.begin(), gradient_.end(), 0.0f);
  EXPECT_EQ(Count(Choose(share)), norms_.size());
}

TEST_F(TrainedShareTest, ASelectionLimitsIt) {
  TrainedShare share(layout_, kCut, norms_, 0.5);
  EXPECT_EQ(Count(Choose(share)), norms_.size());
}

}  // namespace
}  // namespace shadowtutor::distill
