#include "teacher/label_store.h"

#include <gtest/gtest.h>

#include <utility>

#include "core/atomic_file.h"
#include "teacher/open_teacher.h"
#include "teacher/testing/counting_teacher.h"
#include "video/label_png.h"
#include "video/testing/test_files.h"

namespace shadowtutor::teacher {
namespace {

using testing::PlainImage;
using testing::TemporaryFolder;
using testing::WriteText;

void ExpectAnswer(const Answer& a, const Answer& b) {
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
      ExpectAnswer(store.Label(frame_, i), teacher_.AnswerTo(frame_.size(), i));
    }
    EXPECT_EQ(store.asked(), round == 0 ? 4 : 0);
  }
  EXPECT_EQ(teacher_.asked.size(), 4u);
}

TEST_F(LabelStoreTest, TheFolderIsATeacherItself) {
  LabelStore store(teacher_, labels_.path(), "a note");
  for (uint64_t i = 0; i < 4; ++i) store.Label(frame_, i);
  const auto replay = OpenTeacher(labels_.CardFile());
  EXPECT_EQ(replay->classes(), teacher_.classes());
  EXPECT_EQ(replay->background(), 0);
  for (uint64_t i = 0; i < 4; ++i) {
    ExpectAnswer(replay->Label(frame_, i), teacher_.AnswerTo(frame_.size(), i));
  }
}

TEST_F(LabelStoreTest, ATeacherWithoutInstancesStaysOne) {
  CountingTeacher without;
  LabelStore store(without, labels_.path(), "a note");
  for (int round = 0; round < 2; ++round) EXPECT_FALSE(store.Label(frame_, 2).has_instances);
  EXPECT_EQ(without.asked.size(), 1u);
}

TEST_F(LabelStoreTest, MakesAnewWhatIsDamagedOrDoesNotFit) {
  LabelStore store(teacher_, labels_.path(), "a note");
  store.Label(frame_, 1);
  const auto expect_asked = [&](size_t times, const Image& frame) {
    for (int round = 0; round < 2; ++round) {
      ExpectAnswer(store.Label(frame, 1), teacher_.AnswerTo(frame.size(), 1));
    }
    EXPECT_EQ(teacher_.asked.size(), times);
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
