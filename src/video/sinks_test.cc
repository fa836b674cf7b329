#include "video/sinks.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>
#include <opencv2/videoio.hpp>
#include <sstream>

#include "video/label_png.h"
#include "video/source.h"
#include "video/testing/test_files.h"

// For the address sanitizer: Qt's font library keeps its memory until the process ends.
extern "C" const char* __lsan_default_suppressions();  // NOLINT: the sanitizer's name for it
extern "C" const char* __lsan_default_suppressions() { return "leak:libfontconfig"; }  // NOLINT

namespace shadowtutor::video {
namespace {

using testing::ErrorOf;
using testing::PlainImage;
using testing::ReadText;
using testing::Says;
using testing::TemporaryFolder;
using testing::WriteText;

const ClassList kClasses = {{"background", {0, 0, 0}}, {"person", {255, 0, 0}}};

LabelMap LeftHalf(int width, int height) {
  LabelMap labels(width, height, 0);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width / 2; ++x) labels.at(x, y) = 1;
  }
  return labels;
}

Prediction Predicted(const Image& frame, const LabelMap& labels, uint64_t index = 0) {
  Prediction prediction;
  prediction.index = index;
  prediction.frame = frame;
  prediction.labels = &labels;
  return prediction;
}

TEST(Overlay, MixesInsideDrawsTheRimAndLeavesBackground) {
  const Image frame = PlainImage(8, 6, 100, 50, 21);
  const Image overlay = Overlay(frame, LeftHalf(8, 6), kClasses, 0);
  const auto pixel = [&](int x, int y) {
    const uint8_t* p = overlay.row(y) + ptrdiff_t{3} * x;
    return std::array<int, 3>{p[0], p[1], p[2]};
  };
  EXPECT_EQ(pixel(6, 2), (std::array<int, 3>{100, 50, 21})) << "background";
  EXPECT_EQ(pixel(1, 2), (std::array<int, 3>{50, 25, 138})) << "inside: half and half";
  EXPECT_EQ(pixel(3, 2), (std::array<int, 3>{0, 0, 255})) << "rim";
  EXPECT_EQ(pixel(0, 0), (std::array<int, 3>{50, 25, 138})) << "the picture's edge is no rim";
}

TEST(Overlay, NeedsLabelsOfTheFramesSize) {
  const Image frame = PlainImage(8, 6, 0, 0, 0);
  EXPECT_EQ(ErrorOf([&] { Overlay(frame, LabelMap(8, 5), kClasses, 0); }).code(),
            ErrorCode::kInvalidArgument);
}

struct Clip {
  int frames = 0;
  FrameSize size;
  std::string codec;
};

Clip ReadBack(const std::filesystem::path& file) {
  cv::VideoCapture capture(file.string(), cv::CAP_FFMPEG);
  Clip clip;
  cv::Mat frame;
  while (capture.read(frame)) {
    ++clip.frames;
    clip.size = {frame.cols, frame.rows};
  }
  const auto code = static_cast<unsigned>(capture.get(cv::CAP_PROP_FOURCC));
  for (int i = 0; i < 4; ++i) clip.codec += static_cast<char>(code >> (8 * i));
  return clip;
}

size_t FilesIn(const std::filesystem::path& folder) {
  return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

TEST(OverlayVideo, IsThereWholeAfterCloseAndNotBefore) {
  const TemporaryFolder folder;
  const auto file = folder / "sub/overlay.mp4";
  const auto sink = OverlayVideo(file, {64, 48}, 25, kClasses, 0);
  const Image frame = PlainImage(64, 48, 10, 20, 30);
  const LabelMap labels = LeftHalf(64, 48);
  for (int i = 0; i < 40; ++i) sink->Write(Predicted(frame, labels));
  EXPECT_FALSE(std::filesystem::exists(file));
  sink->Close();
  sink->Close();  // a second Close does nothing
  const Clip clip = ReadBack(file);
  EXPECT_EQ(clip.frames, 40);
  EXPECT_EQ(clip.size, (FrameSize{64, 48}));
  EXPECT_EQ(clip.codec, "avc1") << "browsers play H.264";
  EXPECT_EQ(FilesIn(folder / "sub"), 1u) << "nothing is left beside it";
  EXPECT_EQ(ErrorOf([&] { sink->Write(Predicted(frame, labels)); }).code(),
            ErrorCode::kFailedPrecondition);
}

TEST(OverlayVideo, OddSizesAndSizesThatChange) {
  const TemporaryFolder folder;
  const auto sink = OverlayVideo(folder / "o.mp4", {65, 49}, 0, kClasses, 0);
  for (const FrameSize size : {FrameSize{65, 49}, FrameSize{128, 96}, FrameSize{31, 17}}) {
    const Image frame = PlainImage(size.width, size.height, 10, 20, 30);
    const LabelMap labels = LeftHalf(size.width, size.height);
    sink->Write(Predicted(frame, labels));
  }
  sink->Close();
  const Clip clip = ReadBack(folder / "o.mp4");
  EXPECT_EQ(clip.frames, 3);
  EXPECT_EQ(clip.size, (FrameSize{66, 50}));
}

TEST(OverlayVideo, DestroyedWithoutCloseIsWholeAllTheSame) {
  const TemporaryFolder folder;
  const Image frame = PlainImage(64, 48, 10, 20, 30);
  const LabelMap labels = LeftHalf(64, 48);
  OverlayVideo(folder / "o.mp4", {64, 48}, 30, kClasses, 0)->Write(Predicted(frame, labels));
  EXPECT_EQ(ReadBack(folder / "o.mp4").frames, 1);
}

TEST(OverlayVideo, WithoutFramesLeavesNoFile) {
  const TemporaryFolder folder;
  WriteText(folder / "o.mp4", "an older one");
  OverlayVideo(folder / "o.mp4", {64, 48}, 30, kClasses, 0)->Close();
  EXPECT_EQ(FilesIn(folder.path()), 1u);
  EXPECT_EQ(ReadText(folder / "o.mp4"), "an older one");
}

TEST(OverlayVideo, NamesThatCannotBeWritten) {
  const TemporaryFolder folder;
  WriteText(folder / "file", "");
  const auto open = [&](const std::filesystem::path& file, FrameSize size = {64, 48}) {
    return ErrorOf([&] { OverlayVideo(file, size, 25, kClasses, 0); });
  };
  const Error extension = open(folder / "overlay.txt");
  EXPECT_EQ(extension.code(), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(Says(extension, ".mp4")) << extension.what();
  EXPECT_EQ(open(folder / "file/overlay.mp4").code(), ErrorCode::kUnavailable);
  EXPECT_EQ(open(folder / "o.mp4", {0, 48}).code(), ErrorCode::kInvalidArgument);
  std::filesystem::create_directory(folder / "folder.mp4");
  EXPECT_EQ(open(folder / "folder.mp4").code(), ErrorCode::kInvalidArgument);
}

TEST(MaskFolder, WritesOnePngPerFrame) {
  const TemporaryFolder folder;
  const auto sink = MaskFolder(folder / "a/masks");
  const Image frame = PlainImage(16, 8, 0, 0, 0);
  const LabelMap labels = LeftHalf(16, 8);
  sink->Write(Predicted(frame, labels, 0));
  sink->Write(Predicted(frame, labels, 17));
  sink->Close();
  EXPECT_EQ(ReadLabelPng(folder / "a/masks/000000.png"), labels);
  EXPECT_EQ(ReadLabelPng(folder / "a/masks/000017.png"), labels);
  EXPECT_EQ(FilesIn(folder / "a/masks"), 2u);
}

TEST(MaskFolder, ErrorsNameTheFile) {
  const TemporaryFolder folder;
  WriteText(folder / "file", "");
  EXPECT_EQ(ErrorOf([&] { MaskFolder(folder / "file"); }).code(), ErrorCode::kUnavailable);
  const auto sink = MaskFolder(folder / "masks");
  std::filesystem::remove(folder / "masks");
  const Image frame = PlainImage(16, 8, 0, 0, 0);
  const LabelMap labels = LeftHalf(16, 8);
  const Error error = ErrorOf([&] { sink->Write(Predicted(frame, labels, 3)); });
  EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
  EXPECT_TRUE(Says(error, "000003.png")) << error.what();
}

TEST(JsonLines, EveryLineIsAnObjectAsSoonAsItIsWritten) {
  const TemporaryFolder folder;
  ClassList classes = kClasses;
  classes.push_back({"not \xff UTF-8", {}});
  const auto sink = JsonLines(folder / "a/run.jsonl", classes);
  const Image frame = PlainImage(16, 8, 0, 0, 0);
  LabelMap labels(16, 8, 0);
  for (int x = 0; x < 16; ++x) labels.at(x, 0) = 1;
  Prediction prediction = Predicted(frame, labels, 5);
  sink->Write(prediction);
  prediction.index = 6;
  prediction.key_frame = true;
  prediction.stride = 12;
  prediction.metric = 0.75;
  sink->Write(prediction);

  std::istringstream lines(ReadText(folder / "a/run.jsonl"));
  std::string line;
  ASSERT_TRUE(std::getline(lines, line));
  auto object = nlohmann::json::parse(line);
  EXPECT_EQ(object["frame"], 5);
  EXPECT_EQ(object["key_frame"], false);
  EXPECT_TRUE(object["metric"].is_null());
  EXPECT_DOUBLE_EQ(object["classes"]["person"], 0.125);
  EXPECT_DOUBLE_EQ(object["classes"]["background"], 0.875);
  EXPECT_EQ(object["classes"].size(), 3u);
  ASSERT_TRUE(std::getline(lines, line));
  object = nlohmann::json::parse(line);
  EXPECT_EQ(object["frame"], 6);
  EXPECT_EQ(object["key_frame"], true);
  EXPECT_EQ(object["stride"], 12);
  EXPECT_EQ(object["metric"], 0.75);
  EXPECT_FALSE(std::getline(lines, line));
  sink->Close();
  EXPECT_EQ(ErrorOf([&] { sink->Write(prediction); }).code(), ErrorCode::kFailedPrecondition);
}

TEST(JsonLines, AFullDiskIsAnError) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "there is no /dev/full here";
  const auto sink = JsonLines("/dev/full", kClasses);
  const Image frame = PlainImage(16, 8, 0, 0, 0);
  const LabelMap labels = LeftHalf(16, 8);
  const Error error = ErrorOf([&] { sink->Write(Predicted(frame, labels)); });
  EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
}

TEST(Sinks, RefuseLabelsOfAnotherSize) {
  const TemporaryFolder folder;
  const Image frame = PlainImage(16, 8, 0, 0, 0);
  const LabelMap labels(8, 8);
  const auto sink = MaskFolder(folder / "masks");
  EXPECT_EQ(ErrorOf([&] { sink->Write(Predicted(frame, labels)); }).code(),
            ErrorCode::kInvalidArgument);
}

TEST(Window, WithoutADisplayIsAnErrorAndNotTheEnd) {
  unsetenv("QT_QPA_PLATFORM");
  unsetenv("DISPLAY");
  const Error none = ErrorOf([] { Window("test", kClasses, 0); });
  EXPECT_EQ(none.code(), ErrorCode::kUnavailable);
  EXPECT_TRUE(Says(none, "to a file instead")) << none.what();
  EXPECT_EQ(none.about(), Setting::kOutput);
  setenv("DISPLAY", ":4321", 1);  // set, but nothing answers there
  EXPECT_EQ(ErrorOf([] { Window("test", kClasses, 0); }).code(), ErrorCode::kUnavailable);
  unsetenv("DISPLAY");
}

TEST(Window, ShowsFramesOfAnySize) {
  setenv("QT_QPA_PLATFORM", "offscreen", 1);
  const auto sink = Window("test", kClasses, 0);
  for (const FrameSize size : {FrameSize{64, 48}, FrameSize{31, 17}}) {
    const Image frame = PlainImage(size.width, size.height, 10, 20, 30);
    const LabelMap labels = LeftHalf(size.width, size.height);
    EXPECT_NO_THROW(sink->Write(Predicted(frame, labels)));
  }
  sink->Close();
  sink->Close();
}

}  // namespace
}  // namespace shadowtutor::video
