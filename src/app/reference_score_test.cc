#include "app/reference_score.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace shadowtutor::app {
namespace {

LabelMap Columns(int ones) {
  LabelMap labels(8, 4);
  for (int y = 0; y < 4; ++y) {
    for (int x = 0; x < ones; ++x) labels.at(x, y) = 1;
  }
  return labels;
}

// Frame i has the value i in every byte.
class CountingSource : public video::Source {
 public:
  explicit CountingSource(int frames) : frames_(frames) {}
  bool Read(Image& frame) override {
    if (next_ == frames_) return false;
    frame = Image(8, 4);
    std::fill(frame.bytes().begin(), frame.bytes().end(), static_cast<uint8_t>(next_++));
    return true;
  }
  FrameSize size() const override { return {8, 4}; }
  double frames_per_second() const override { return 0; }
  int64_t frame_count() const override { return frames_; }
  bool live() const override { return false; }

 private:
  int frames_, next_ = 0;
};

// Labels the left half, and fails on frame `bad`.
class HalfTeacher : public teacher::Teacher {
 public:
  teacher::Answer Label(ImageView frame, uint64_t frame_index) override {
    EXPECT_EQ(frame.row(0)[0], frame_index);
    asked.push_back(frame_index);
    if (frame_index == bad) throw Error(ErrorCode::kInternal, "no answer");
    return {Columns(4), {}, false};
  }
  const ClassList& classes() const override { return classes_; }
  int background() const override { return 0; }
  std::string description() const override { return "half"; }

  std::vector<uint64_t> asked;
  uint64_t bad = 1000;

 private:
  ClassList classes_ = {{"background", {}}, {"left", {}}};
};

TEST(PackedLabels, ComeBackAsTheyWere) {
  for (const int ones : {0, 3, 8}) EXPECT_EQ(PackedLabels(Columns(ones)).Unpack(), Columns(ones));
  EXPECT_EQ(PackedLabels(LabelMap()).Unpack(), LabelMap());
  EXPECT_LT(PackedLabels(LabelMap(640, 480)).bytes(), 100u);
}

TEST(ReferenceScore, IsTheMeanOverEveryNthFrame) {
  ReferenceScore score(10);
  for (uint64_t i = 0; i < 25; ++i) score.Keep(i, Columns(i < 5 ? 4 : 2));
  CountingSource source(25);
  HalfTeacher teacher;
  const auto result = score.Score(source, teacher, 2, {}, {});
  EXPECT_EQ(teacher.asked, (std::vector<uint64_t>{0, 10, 20}));
  EXPECT_EQ(result.frames, 3u);
  // 2 of 4 columns found: IoU 1/2 for them and 4/6 for the background.
  EXPECT_NEAR(*result.mean_miou, (1 + 2 * (0.5 + 4.0 / 6) / 2) / 3, 1e-12);
}

TEST(ReferenceScore, LeavesOutWhatCannotBeCompared) {
  ReferenceScore score(1);
  for (uint64_t i = 0; i < 6; ++i) score.Keep(i, i == 2 ? LabelMap(3, 3) : Columns(4));
  CountingSource source(5);  // one less than when it ran
  HalfTeacher teacher;
  teacher.bad = 1;
  const auto result = score.Score(source, teacher, 2, {}, {});
  EXPECT_EQ(result.frames, 3u);
  EXPECT_EQ(*result.mean_miou, 1.0);
}

TEST(ReferenceScore, StopsWhenAskedAndSaysSoWhenThereIsNothing) {
  ReferenceScore score(1);
  score.Keep(0, Columns(4));
  CountingSource source(5);
  HalfTeacher teacher;
  const auto result = score.Score(source, teacher, 2, [] { return true; }, {});
  EXPECT_EQ(result.frames, 0u);
  EXPECT_FALSE(result.mean_miou);
}

TEST(ReferenceScore, SaysHowFarItIsFromTheStartOn) {
  ReferenceScore score(1);
  for (uint64_t i = 0; i < 3; ++i) score.Keep(i, Columns(4));
  CountingSource source(3);
  HalfTeacher teacher;
  teacher.bad = 1;
  std::vector<std::pair<uint64_t, uint64_t>> said;
  score.Score(source, teacher, 2, {},
              [&](uint64_t seen, uint64_t kept) { said.emplace_back(seen, kept); });
  EXPECT_EQ(said, (std::vector<std::pair<uint64_t, uint64_t>>{{0, 3}, {1, 3}, {2, 3}, {3, 3}}));
}

TEST(ReferenceScore, KeepsWithinItsBound) {
  ReferenceScore score(1, PackedLabels(Columns(4)).bytes() * 2);
  for (uint64_t i = 0; i < 10; ++i) score.Keep(i, Columns(4));
  CountingSource source(10);
  HalfTeacher teacher;
  EXPECT_EQ(score.Score(source, teacher, 2, {}, {}).frames, 2u);
  EXPECT_THROW(ReferenceScore(0), Error);
}

}  // namespace
}  // namespace shadowtutor::app
