#include "teacher/labelling.h"

#include <gtest/gtest.h>

#include "core/atomic_file.h"
#include "teacher/model_card.h"
#include "teacher/open_teacher.h"
#include "teacher/testing/counting_teacher.h"
#include "video/label_png.h"
#include "video/source.h"
#include "video/testing/test_files.h"

namespace shadowtutor::teacher {
namespace {

using testing::ErrorOf;
using testing::PlainImage;
using testing::Says;
using testing::TemporaryFolder;
using testing::WriteText;

// A source whose frame i has the blue value i and is black otherwise.
class CountingSource final : public video::Source {
 public:
  explicit CountingSource(int frames, bool live = false) : frames_(frames), live_(live) {}
  bool Read(Image& frame) override {
    if (next_ >= frames_) return false;
    frame = PlainImage(8, 6, static_cast<uint8_t>(next_++), 0, 0);
    return true;
  }
  FrameSize size() const override { return {8, 6}; }
  double frames_per_second() const override { return 25; }
  int64_t frame_count() const override { return frames_; }
  bool live() const override { return live_; }

 private:
  int frames_, next_ = 0;
  bool live_;
};

// Each frame must come with its own index.
void CheckIndex(ImageView frame, uint64_t index) { EXPECT_EQ(frame.data[0], index); }

LabellingResult LabelClip(const std::filesystem::path& folder, CountingTeacher& teacher,
                          int frames = 10, LabellingOptions options = {}) {
  CountingSource source(frames);
  if (!teacher.on_frame) teacher.on_frame = CheckIndex;
  if (options.source_name.empty()) options.source_name = "clip.mp4";
  return LabelSource(source, teacher, folder, options);
}

TEST(Labelling, TheFolderIsATeacherItself) {
  const TemporaryFolder folder;
  CountingTeacher teacher;
  const auto result = LabelClip(folder / "out", teacher);
  EXPECT_EQ(result.frames, 10);
  EXPECT_EQ(result.labelled, 10);
  EXPECT_FALSE(result.stopped);
  const auto replay = OpenTeacher(folder / "out/card.yaml");
  EXPECT_EQ(replay->classes(), teacher.class_list);
  EXPECT_EQ(replay->background(), 0);
  for (uint64_t i = 0; i < 10; ++i) {
    EXPECT_EQ(replay->Label(PlainImage(8, 6, 0, 0, 0), i).label,
              LabelMap(8, 6, static_cast<uint8_t>(i % 3)));
  }
}

TEST(Labelling, InstancesAreKept) {
  const TemporaryFolder folder;
  CountingTeacher teacher(/*has_instances=*/true);
  LabelClip(folder / "out", teacher);
  WriteText(folder / "out/000004.boxes", "0 0 9 1\n");
  teacher.asked.clear();
  EXPECT_EQ(LabelClip(folder / "out", teacher).labelled, 1);
  EXPECT_EQ(teacher.asked, (std::vector<uint64_t>{4}));
  const auto replay = OpenTeacher(folder / "out/card.yaml");
  for (uint64_t i = 0; i < 10; ++i) {
    const Image frame = PlainImage(8, 6, static_cast<uint8_t>(i), 0, 0);
    const Answer kept = replay->Label(frame, i);
    EXPECT_TRUE(kept.has_instances);
    EXPECT_EQ(kept.instances, teacher.Label(frame, i).instances);
  }
}

TEST(Labelling, WithoutInstancesThereAreNoBoxFiles) {
  const TemporaryFolder folder;
  CountingTeacher teacher;
  LabelClip(folder / "out", teacher, 1);
  EXPECT_TRUE(std::filesystem::exists(folder / "out/000000.png"));
  EXPECT_FALSE(std::filesystem::exists(folder / "out/000000.boxes"));
}

TEST(Labelling, GoesOnWhereItWasStopped) {
  const TemporaryFolder folder;
  CountingTeacher teacher;
  LabellingOptions options;
  options.stop = [&] { return teacher.asked.size() == 4; };
  const auto first = LabelClip(folder / "out", teacher, 10, options);
  EXPECT_TRUE(first.stopped);
  EXPECT_EQ(first.frames, 4);
  teacher.asked.clear();
  const auto second = LabelClip(folder / "out", teacher);
  EXPECT_FALSE(second.stopped);
  EXPECT_EQ(second.frames, 10);
  EXPECT_EQ(second.labelled, 6);
  EXPECT_EQ(teacher.asked, (std::vector<uint64_t>{4, 5, 6, 7, 8, 9}));
}

TEST(Labelling, AFrameThatFailsCanBeTriedAgain) {
  const TemporaryFolder folder;
  CountingTeacher teacher;
  teacher.on_frame = [](ImageView, uint64_t index) {
    if (index == 3) throw Error(ErrorCode::kDataLoss, "this frame has no label");
  };
  EXPECT_EQ(ErrorOf([&] { LabelClip(folder / "out", teacher); }).code(), ErrorCode::kDataLoss);
  teacher.on_frame = {};
  EXPECT_EQ(LabelClip(folder / "out", teacher).labelled, 7);
}

TEST(Labelling, DamagedLabelsAreMadeAnew) {
  const TemporaryFolder folder;
  CountingTeacher teacher;
  LabelClip(folder / "out", teacher);
  WriteText(folder / "out/000002.png", "half a file");
  WriteFileAtomically(folder / "out/000005.png", video::EncodeLabelPng(LabelMap(8, 6, 77)));
  WriteFileAtomically(folder / "out/000007.png", video::EncodeLabelPng(LabelMap(4, 4, 1)));
  teacher.asked.clear();
  EXPECT_EQ(LabelClip(folder / "out", teacher).labelled, 3);
  EXPECT_EQ(teacher.asked, (std::vector<uint64_t>{2, 5, 7}));
  EXPECT_EQ(video::ReadLabelPng(folder / "out/000005.png"), LabelMap(8, 6, 2));
}

TEST(Labelling, StopsAtTheNumberOfFramesAskedFor) {
  const TemporaryFolder folder;
  CountingTeacher teacher;
  LabellingOptions options;
  options.max_frames = 3;
  int64_t last_total = 0;
  double last_left = -1;
  options.on_progress = [&](const LabellingProgress& progress) {
    last_total = progress.total;
    last_left = progress.seconds_left;
  };
  EXPECT_EQ(LabelClip(folder / "out", teacher, 10, options).frames, 3);
  EXPECT_EQ(last_total, 3);
  EXPECT_EQ(last_left, 0);
  EXPECT_FALSE(std::filesystem::exists(folder / "out/000003.png"));
}

TEST(Labelling, DoesNotMixTwoVideosOrTeachers) {
  const TemporaryFolder folder;
  CountingTeacher teacher;
  LabelClip(folder / "out", teacher);
  LabellingOptions other;
  other.source_name = "other.mp4";
  const Error video = ErrorOf([&] { LabelClip(folder / "out", teacher, 10, other); });
  EXPECT_EQ(video.code(), ErrorCode::kFailedPrecondition);
  EXPECT_TRUE(Says(video, "clip.mp4")) << video.what();
  teacher.class_list[1].name = "c";
  EXPECT_EQ(ErrorOf([&] { LabelClip(folder / "out", teacher); }).code(),
            ErrorCode::kFailedPrecondition);
}

TEST(Labelling, DoesNotMixWhatHasChangedUnderItsName) {
  const TemporaryFolder folder;
  CountingTeacher teacher;
  LabellingOptions options;
  options.made_from = {"v1", "c1", "n1"};
  LabelClip(folder / "out", teacher, 5, options);
  // Under another name it is the same.
  options.source_name = "moved.mp4";
  EXPECT_EQ(LabelClip(folder / "out", teacher, 10, options).labelled, 5);
  EXPECT_EQ(LoadModelCard(folder / "out/card.yaml").made_from, options.made_from);
  const auto refused = [&](const MadeFrom& now, const std::string& part) {
    LabellingOptions changed;
    changed.made_from = now;
    teacher.asked.clear();
    const Error error = ErrorOf([&] { LabelClip(folder / "out", teacher, 10, changed); });
    EXPECT_EQ(error.code(), ErrorCode::kFailedPrecondition);
    EXPECT_EQ(error.about(), Setting::kOutput);
    EXPECT_TRUE(Says(error, part) && Says(error, "clip.mp4") && Says(error, "another folder"))
        << error.what();
    EXPECT_TRUE(teacher.asked.empty());
  };
  refused({"v2", "c1", "n1"}, "another video");
  refused({"v1", "c2", "n1"}, "another model card");
  refused({"v1", "c1", "n2"}, "another network");
  refused({"v2", "c2", "n1"}, "another video and another model card, by content");
}

TEST(Labelling, MakesALabelAnewWhoseInstancesAreMissing) {
  const TemporaryFolder folder;
  CountingTeacher teacher(/*has_instances=*/true);
  LabellingOptions options;
  options.has_instances = true;
  LabelClip(folder / "out", teacher, 5, options);
  std::filesystem::remove(folder / "out/000003.boxes");
  EXPECT_EQ(LabelClip(folder / "out", teacher, 5, options).labelled, 1);
  EXPECT_TRUE(std::filesystem::exists(folder / "out/000003.boxes"));
  EXPECT_EQ(LabelClip(folder / "out", teacher, 5, options).labelled, 0);
}

TEST(Labelling, DoesNotGoOnWithoutKnowingFromWhat) {
  const TemporaryFolder folder;
  CountingTeacher teacher;
  LabelClip(folder / "out", teacher, 5);  // as earlier versions did
  LabellingOptions options;
  options.made_from = {"v", "c", "n"};
  const Error error = ErrorOf([&] { LabelClip(folder / "out", teacher, 10, options); });
  EXPECT_EQ(error.code(), ErrorCode::kFailedPrecondition);
  EXPECT_TRUE(Says(error, "not known") && Says(error, "earlier version")) << error.what();
  // The folder is a teacher all the same.
  EXPECT_EQ(OpenTeacher(folder / "out/card.yaml")->Label(PlainImage(8, 6, 0, 0, 0), 4).label,
            LabelMap(8, 6, 1));
}

TEST(Labelling, SomebodysPicturesAreNoLabels) {
  const TemporaryFolder folder;
  CountingTeacher teacher;
  for (const char* name : {"000003.png", "1234567.boxes"}) {
    std::filesystem::create_directory(folder / "out");
    WriteText(folder / "out/notes.txt", "");
    WriteText(folder / ("out/" + std::string(name)), "a picture");
    const Error error = ErrorOf([&] { LabelClip(folder / "out", teacher); });
    EXPECT_EQ(error.code(), ErrorCode::kFailedPrecondition);
    EXPECT_TRUE(Says(error, "numbered pictures")) << error.what();
    EXPECT_FALSE(std::filesystem::exists(folder / "out/card.yaml"));
    std::filesystem::remove_all(folder / "out");
  }
  // A teacher's own card is never replaced by the labels'.
  const std::string own = "kind: saliency\nfile: m.onnx\ninput: {width: 8, height: 8}\n";
  WriteText(folder / "card.yaml", own);
  EXPECT_EQ(ErrorOf([&] { LabelClip(folder.path(), teacher); }).code(),
            ErrorCode::kFailedPrecondition);
  EXPECT_EQ(testing::ReadText(folder / "card.yaml"), own);
}

TEST(Labelling, LiveSourcesAreRefused) {
  const TemporaryFolder folder;
  CountingTeacher teacher;
  CountingSource source(10, /*live=*/true);
  EXPECT_EQ(ErrorOf([&] { LabelSource(source, teacher, folder / "out", {}); }).code(),
            ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace shadowtutor::teacher
