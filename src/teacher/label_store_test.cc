#include "teacher/label_store.h"

#include <gtest/gtest.h>

#include <utility>

#include "core/atomic_file.h"
#include "teacher/open_teacher.h"
#include "video/label_png.h"
#include "video/testing/test_files.h"

namespace shadowtutor::teacher {
namespace {

using testing::PlainImage;
using testing::TemporaryFolder;
using testing::WriteText;

// A teacher that labels every pixel of frame i as class i % 3, with i instances, and counts its
// answers.
class CountingTeacher final : public Teacher {
 public:
  explicit CountingTeacher(bool has_instances) : has_instances_(has_instances) {}
  Answer Label(ImageView frame, uint64_t frame_index) override {
    ++asked;
    return AnswerTo(frame.size(), frame_index);
  }
  Answer AnswerTo(FrameSize size, uint64_t frame_index) const {
    Answer answer;
    answer.label = LabelMap(size.width, size.height, static_cast<uint8_t>(frame_index % 3));
    answer.has_instances = has_instances_;
    for (int i = 0; has_instances_ && i < static_cast<int>(frame_index); ++i) {
      answer.instances.push_back({i, 0, 2, 3});
    }
    return answer;
  }
  const ClassList& classes() const override { return classes_; }
  int background() const override { return 0; }
  std::string description() const override { return "a teacher that counts"; }

  int asked = 0;

 private:
  const bool has_instances_;
  const ClassList classes_ = {{"background", {}}, {"a", {1, 2, 3}}, {"b", {4, 5, 6}}};
};

void ExpectSame(const Answer& a, const Answer& b) {
  EXPECT_EQ(a.label, b.label);
  EXPECT_EQ(a.instances, b.instances);
  EXPECT_EQ(a.has_instances, b.has_instances);
}

class LabelStoreTest : public ::testing::Test {
 protected:
  const TemporaryFolder folder_;
  const LabelFolder labels_{folder_ / "labels", 3};
  const Image frame_ = PlainImage(32, 24, 0, 0, 0);
  CountingTeacher teacher_{true};
};

TEST_F(LabelStoreTest, AsksOnceAndKeepsInstances) {
  for (int round = 0; round < 2; ++round) {
    LabelStore store(teacher_, labels_.path(), "a note");
    for (uint64_t i = 0; i < 4; ++i) {
      ExpectSame(store.Label(frame_, i), teacher_.AnswerTo(frame_.size(), i));
    }
    EXPECT_EQ(store.asked(), round == 0 ? 4 : 0);
  }
  EXPECT_EQ(teacher_.asked, 4);
}

TEST_F(LabelStoreTest, TheFolderIsATeacherItself) {
  LabelStore store(teacher_, labels_.path(), "a note");
  for (uint64_t i = 0; i < 4; ++i) store.Label(frame_, i);
  const auto replay = OpenTeacher(labels_.CardFile());
  EXPECT_EQ(replay->classes(), teacher_.classes());
  EXPECT_EQ(replay->background(), 0);
  for (uint64_t i = 0; i < 4; ++i) {
    ExpectSame(replay->Label(frame_, i), teacher_.AnswerTo(frame_.size(), i));
  }
}

TEST_F(LabelStoreTest, ATeacherWithoutInstancesStaysOne) {
  CountingTeacher without(false);
  LabelStore store(without, labels_.path(), "a note");
  for (int round = 0; round < 2; ++round) EXPECT_FALSE(store.Label(frame_, 2).has_instances);
  EXPECT_EQ(without.asked, 1);
}

TEST_F(LabelStoreTest, MakesAnewWhatIsDamagedOrDoesNotFit) {
  LabelStore store(teacher_, labels_.path(), "a note");
  store.Label(frame_, 1);
  const auto expect_asked = [&](int times, const Image& frame) {
    for (int round = 0; round < 2; ++round) {
      ExpectSame(store.Label(frame, 1), teacher_.AnswerTo(frame.size(), 1));
    }
    EXPECT_EQ(teacher_.asked, times);
  };
  WriteText(labels_.LabelFile(1), "not a PNG");
  expect_asked(2, frame_);
  WriteText(labels_.BoxFile(1), "1 2 3\n");
  expect_asked(3, frame_);
  expect_asked(4, PlainImage(64, 48, 0, 0, 0));
  expect_asked(5, frame_);
  WriteFileAtomically(labels_.LabelFile(1), video::EncodeLabelPng(LabelMap(32, 24, 7)));
  expect_asked(6, frame_);
}

}  // namespace
}  // namespace shadowtutor::teacher
