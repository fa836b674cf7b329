#include "teacher/label_store.h"

#include <gtest/gtest.h>

#include "eval/testing/moving_shapes.h"
#include "video/label_png.h"
#include "video/test_files.h"

namespace shadowtutor::teacher {
namespace {

using testing::ErrorOf;
using testing::Says;
using testing::TemporaryFolder;
using testing::WriteText;

constexpr FrameSize kSize{32, 24};

class WithInstances : public eval::ShapesTeacher {
 public:
  teacher::Answer Label(ImageView frame, uint64_t index) override {
    teacher::Answer answer = eval::ShapesTeacher::Label(frame, index);
    answer.has_instances = true;
    if (index != 1) answer.instances = {{0, 0, 32, 24}, {3, 4, 5, static_cast<int>(index) + 1}};
    return answer;
  }
};

void ExpectSame(const teacher::Answer& a, const teacher::Answer& b) {
  EXPECT_EQ(a.label, b.label);
  EXPECT_EQ(a.instances, b.instances);
  EXPECT_EQ(a.has_instances, b.has_instances);
}

TEST(LabelStore, AsksOnceAndKeepsInstances) {
  const TemporaryFolder folder;
  WithInstances teacher;
  for (int round = 0; round < 2; ++round) {
    LabelStore store(teacher, folder / "labels", "a note");
    for (uint64_t i = 0; i < 3; ++i) {
      WithInstances fresh;
      const Image frame = eval::DrawShapes(kSize, i);
      ExpectSame(store.Label(frame, i), fresh.Label(frame, i));
    }
    EXPECT_EQ(store.asked(), round == 0 ? 3u : 0u);
  }
  EXPECT_EQ(teacher.asked(), 3);

  // The folder is a teacher itself.
  const auto replay = OpenTeacherWithBoxes(folder / "labels" / "card.yaml");
  EXPECT_EQ(replay->classes(), eval::ShapeClasses());
  EXPECT_EQ(replay->background(), eval::kShapeBackground);
  for (uint64_t i = 0; i < 3; ++i) {
    const Image frame = eval::DrawShapes(kSize, i);
    ExpectSame(replay->Label(frame, i), teacher.Label(frame, i));
  }
}

TEST(LabelStore, ATeacherWithoutInstancesStaysOne) {
  const TemporaryFolder folder;
  eval::ShapesTeacher teacher;
  LabelStore store(teacher, folder / "labels", "a note");
  EXPECT_FALSE(store.Label(eval::DrawShapes(kSize, 0), 0).has_instances);
  EXPECT_FALSE(store.Label(eval::DrawShapes(kSize, 0), 0).has_instances);
  EXPECT_EQ(teacher.asked(), 1);
}

TEST(LabelStore, MakesAnewWhatIsDamagedOrDoesNotFit) {
  const TemporaryFolder folder;
  WithInstances teacher;
  LabelStore store(teacher, folder / "labels", "a note");
  const Image frame = eval::DrawShapes(kSize, 0);
  store.Label(frame, 0);
  const auto png = folder / "labels" / video::LabelFileName(0);
  const auto boxes = folder / "labels" / BoxFileName(0);
  WriteText(png, "not a PNG");
  ExpectSame(store.Label(frame, 0), WithInstances().Label(frame, 0));
  WriteText(boxes, "1 2 3\n");
  ExpectSame(store.Label(frame, 0), WithInstances().Label(frame, 0));
  EXPECT_EQ(teacher.asked(), 3);
  const Image larger = eval::DrawShapes({64, 48}, 0);
  EXPECT_EQ(store.Label(larger, 0).label.size(), larger.size());
  EXPECT_EQ(teacher.asked(), 4);
  // A class that the teacher does not have.
  const auto bytes = video::EncodeLabelPng(LabelMap(32, 24, 7));
  WriteText(png, std::string(bytes.begin(), bytes.end()));
  ExpectSame(store.Label(frame, 0), WithInstances().Label(frame, 0));
}

TEST(Boxes, AreReadBackAndChecked) {
  const std::vector<Box> boxes = {{0, 0, 1, 1}, {31, 23, 1, 1}, {0, 0, 32, 24}};
  EXPECT_EQ(ParseBoxes(BoxesText(boxes), kSize, "x"), boxes);
  EXPECT_TRUE(ParseBoxes("", kSize, "x").empty());
  for (const char* wrong :
       {"1 2 3\n", "1 2 3 4", "1 2 3 4 5\n", "a b c d\n", "0 0 33 1\n", "-1 0 2 2\n", "0 0 0 4\n",
        "31 0 2 1\n", "2147483647 0 2147483647 1\n", "99999999999 0 1 1\n", "\n"}) {
    const Error error = ErrorOf([&] { ParseBoxes(wrong, kSize, "some.boxes"); });
    EXPECT_EQ(error.code(), ErrorCode::kDataLoss) << wrong;
    EXPECT_TRUE(Says(error, "some.boxes, line 1")) << wrong;
  }
}

TEST(Boxes, DamagedOnesBesideReplayedLabelsCostTheFrame) {
  const TemporaryFolder folder;
  WithInstances teacher;
  LabelStore(teacher, folder / "labels", "a note").Label(eval::DrawShapes(kSize, 0), 0);
  WriteText(folder / "labels" / BoxFileName(0), "0 0 100 100\n");
  const auto replay = OpenTeacherWithBoxes(folder / "labels" / "card.yaml");
  EXPECT_THROW(replay->Label(eval::DrawShapes(kSize, 0), 0), Error);
}

}  // namespace
}  // namespace shadowtutor::teacher
