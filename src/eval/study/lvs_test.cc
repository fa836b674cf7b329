// The LVS reader and the tool that makes its labels, on a tiny data set in the published format.
#include "eval/study/lvs.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>

#include "eval/testing/moving_shapes.h"
#include "teacher/open_teacher.h"
#include "video/testing/test_files.h"

namespace shadowtutor::eval {
namespace {

namespace fs = std::filesystem;
using testing::ErrorOf;
using testing::ReadText;
using testing::Says;
using testing::TemporaryFolder;
using testing::WriteText;

constexpr int kWidth = 80, kHeight = 60;

// Makes detections in the data set's format: a 0-dimensional array of one object, a dictionary from
// frame number to boxes (top, left, bottom, right as fractions of the frame), classes, scores and
// 28x28 masks. Frame 0 has a person with a high score that overlaps a dog with a lower one, a truck
// whose score is too low, and a chair, which is not among the student's classes.
constexpr char kMakeDetections[] = R"(
import sys
import numpy as np
full = np.ones((28, 28), np.float32)
left_half = full.copy()
left_half[:, 14:] = 0
boxes = np.array([[0, 0, 0.5, 0.5], [0.25, 0.25, 0.75, 0.75], [0, 0.5, 1, 1], [0, 0, 1, 1]], np.float32)
found = {
    0: (boxes, np.array([1, 17, 8, 57]), np.array([0.9, 0.6, 0.4, 0.99], np.float32),
        np.stack([full, full, full, full])),
    1: (boxes[:1], np.array([3]), np.array([0.8], np.float32), left_half[None]),
    2: (np.zeros((0, 4), np.float32), np.zeros(0, int), np.zeros(0, np.float32),
        np.zeros((0, 28, 28), np.float32)),
}
np.save(sys.argv[1], found, allow_pickle=True)
)";

class LvsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::system("/usr/bin/python3 -c 'import numpy' 2>/dev/null") != 0) {
      GTEST_SKIP() << "needs /usr/bin/python3 with numpy";
    }
    WriteText(folder_ / "make.py", kMakeDetections);
  }

  void AddSequence(const std::string& name, const std::string& video) {
    fs::create_directories(folder_ / "lvs" / name);
    WriteText(folder_ / "lvs" / name / (video + ".mp4"), "");
    ASSERT_EQ(Python((folder_ / "make.py").string() + " " +
                     (folder_ / "lvs" / name / ("detectron_large_mask_rcnn_1_" + name + "000.npy"))
                         .string()),
              0);
  }
  int Python(const std::string& arguments) const {
    return std::system(
        ("/usr/bin/python3 " + arguments + " >" + (folder_ / "log").string() + " 2>&1").c_str());
  }
  int MakeLabels(const std::string& options = "--size 80x60") const {
    return Python(std::string(SHADOWTUTOR_SOURCE_DIR "/tools/lvs_labels.py ") +
                  (folder_ / "lvs").string() + " " + options);
  }

  TemporaryFolder folder_;
};

TEST_F(LvsTest, DetectionsBecomeLabelsAndInstances) {
  AddSequence("dogs2", "dogs2000");
  ASSERT_EQ(MakeLabels(), 0) << ReadText(folder_ / "log");
  const auto clips = ListLvs(folder_ / "lvs");
  ASSERT_EQ(clips.size(), 1u);
  EXPECT_EQ(clips[0].name, "dogs2");
  EXPECT_EQ(clips[0].camera, "moving");
  EXPECT_EQ(clips[0].scene, "animals");
  EXPECT_EQ(clips[0].source, (folder_ / "lvs/dogs2/dogs2000.mp4").string());

  const auto teacher = teacher::OpenTeacher(clips[0].card);
  ASSERT_EQ(teacher->classes().size(), 9u);
  EXPECT_EQ(teacher->background(), 8);
  const Image frame(kWidth, kHeight);
  const auto first = teacher->Label(frame, 0);
  ASSERT_EQ(first.label.size(), (FrameSize{kWidth, kHeight}));
  EXPECT_EQ(first.label.at(0, 0), 0);
  EXPECT_EQ(first.label.at(30, 20), 0);  // person and dog overlap: the higher score counts
  EXPECT_EQ(first.label.at(39, 29), 0);
  EXPECT_EQ(first.label.at(40, 29), 4);
  EXPECT_EQ(first.label.at(59, 44), 4);
  EXPECT_EQ(first.label.at(60, 44), 8);
  EXPECT_EQ(first.label.at(79, 59), 8);  // neither the truck nor the chair
  EXPECT_TRUE(first.has_instances);
  EXPECT_EQ(first.instances, (std::vector<Box>{{20, 15, 40, 30}, {0, 0, 40, 30}}));

  const auto second = teacher->Label(frame, 1);
  EXPECT_EQ(second.label.at(5, 5), 2);
  EXPECT_EQ(second.label.at(18, 29), 2);
  EXPECT_EQ(second.label.at(21, 5), 8);

  const auto third = teacher->Label(frame, 2);
  EXPECT_EQ(third.label, LabelMap(kWidth, kHeight, 8));
  EXPECT_TRUE(third.has_instances);
  EXPECT_TRUE(third.instances.empty());
}

TEST_F(LvsTest, ConvertedVideosStandForTheirOriginals) {
  AddSequence("badminton1", "badminton1000");
  WriteText(folder_ / "lvs/badminton1/badminton1000-720p.mp4", "");
  AddSequence("streetcam1", "streetcam1000");
  WriteText(folder_ / "lvs/streetcam1/streetcam1001.mp4", "");  // no detections
  fs::create_directories(folder_ / "lvs/empty");
  ASSERT_EQ(MakeLabels("--size 80x60 --frames 2"), 0) << ReadText(folder_ / "log");
  const auto clips = ListLvs(folder_ / "lvs");
  ASSERT_EQ(clips.size(), 2u);
  EXPECT_EQ(fs::path(clips[0].source).filename(), "badminton1000-720p.mp4");
  EXPECT_EQ(clips[0].scene, "people");
  EXPECT_EQ(clips[1].scene, "street");
  EXPECT_FALSE(fs::exists(clips[0].card.parent_path() / "000002.png"));
}

TEST_F(LvsTest, AFileThatWouldRunCodeIsRefused) {
  AddSequence("dogs2", "dogs2000");
  WriteText(folder_ / "evil.py", R"(
import sys
import numpy as np
class Evil:
    def __reduce__(self):
        import os
        return (os.system, ("touch " + sys.argv[2],))
np.save(sys.argv[1], {0: Evil()}, allow_pickle=True)
)");
  const auto mark = folder_ / "mark";
  ASSERT_EQ(Python((folder_ / "evil.py").string() + " " +
                   (folder_ / "lvs/dogs2/detectron_large_mask_rcnn_1_dogs2000.npy").string() + " " +
                   mark.string()),
            0);
  EXPECT_NE(MakeLabels(), 0);
  EXPECT_FALSE(fs::exists(mark));
  EXPECT_NE(ReadText(folder_ / "log").find("which detections do not"), std::string::npos)
      << ReadText(folder_ / "log");
}

TEST_F(LvsTest, SaysWhenThereIsNothing) {
  EXPECT_EQ(ErrorOf([&] { ListLvs(folder_ / "none"); }).code(), ErrorCode::kNotFound);
  fs::create_directories(folder_ / "lvs/dogs2");
  EXPECT_TRUE(Says(ErrorOf([&] { ListLvs(folder_ / "lvs"); }), "tools/lvs_labels.py"));
  EXPECT_NE(MakeLabels(), 0);
  WriteText(folder_ / "lvs/dogs2/dogs2000.mp4", "");
  WriteText(folder_ / "lvs/dogs2/detectron_large_mask_rcnn_1_dogs2000.npy", "no numpy");
  EXPECT_NE(MakeLabels(), 0);
  EXPECT_EQ(ReadText(folder_ / "log").find("Traceback"), std::string::npos);
}

TEST(CategoryOfLvs, GoesByTheName) {
  const auto text = [](const std::string& sequence) {
    const auto [camera, scene] = CategoryOfLvs(sequence);
    return camera + " " + scene;
  };
  EXPECT_EQ(text("ego_soccer1"), "egocentric people");
  EXPECT_EQ(text("ice_hockey_ego_1"), "egocentric people");
  EXPECT_EQ(text("soccer1"), "moving people");
  EXPECT_EQ(text("table_tennis1"), "fixed people");
  EXPECT_EQ(text("tennis2"), "moving people");
  EXPECT_EQ(text("southbeach1"), "fixed street");
  EXPECT_EQ(text("samui_walking_street1"), "moving street");
  EXPECT_EQ(text("samui_murphys1"), "fixed street");
  EXPECT_EQ(text("knitting1"), "other ");
}

}  // namespace
}  // namespace shadowtutor::eval
