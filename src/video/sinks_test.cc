#include "video/sinks.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
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

Prediction PredictionOf(const Image& frame, const LabelMap& labels, uint64_t index = 0) {
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

size_t FilesIn(const std::filesystem::path& folder) {
  return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

TEST(MaskFolder, WritesOnePngPerFrame) {
  const TemporaryFolder folder;
  const auto sink = MaskFolder(folder / "a/masks");
  const Image frame = PlainImage(16, 8, 0, 0, 0);
  const LabelMap labels = LeftHalf(16, 8);
  sink->Write(PredictionOf(frame, labels, 0));
  sink->Write(PredictionOf(frame, labels, 17));
  sink->Close();
  EXPECT_EQ(ReadLabelPng(folder / "a/masks/000000.png"), labels);
  EXPECT_EQ(ReadLabelPng(folder / "a/masks/000017.png"), labels);
  EXPECT_EQ(FilesIn(folder / "a/masks"), 2u);
}

TEST(MaskFolder, ReplacesMasksOfEarlierRunsOnly) {
  const TemporaryFolder folder;
  const Image frame = PlainImage(16, 8, 0, 0, 0);
  const LabelMap labels = LeftHalf(16, 8), empty(16, 8, 0);
  WriteText(folder / "notes.txt", "of somebody else");
  MaskFolder(folder.path())->Write(PredictionOf(frame, empty, 0));
  MaskFolder(folder.path())->Write(PredictionOf(frame, labels, 0));
  EXPECT_EQ(ReadLabelPng(folder / "000000.png"), labels);
  EXPECT_EQ(ReadText(folder / "notes.txt"), "of somebody else");

  const std::vector<uint8_t> png = EncodeLabelPng(labels);  // a teacher's label
  WriteText(folder / "000007.png", std::string(png.begin(), png.end()));
  const Error error = ErrorOf([&] { MaskFolder(folder.path()); });
  EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(Says(error, "000007.png")) << error.what();
}

TEST(MaskFolder, ALinkAndAProtectedMaskAreRefused) {
  const TemporaryFolder folder;
  const Image frame = PlainImage(16, 8, 0, 0, 0);
  MaskFolder(folder / "m")->Write(PredictionOf(frame, LeftHalf(16, 8), 0));
  std::filesystem::create_directory(folder / "links");
  std::filesystem::create_symlink("../m/000000.png", folder / "links/000000.png");
  EXPECT_EQ(ErrorOf([&] { MaskFolder(folder / "links"); }).code(), ErrorCode::kInvalidArgument);
  std::filesystem::permissions(folder / "m/000000.png", std::filesystem::perms::owner_read);
  EXPECT_EQ(ErrorOf([&] { MaskFolder(folder / "m"); }).code(), ErrorCode::kUnavailable);
}

TEST(MaskFolder, HasOneRunAtATimeAndCleansUpAfterOneThatWasKilled) {
  const TemporaryFolder folder;
  const std::string left = "000003.png.99999999-abcdef.part";
  for (const std::string& name : {left, std::string("a.png.part")})
    WriteText(folder / name, "half");
  const auto sink = MaskFolder(folder.path());
  EXPECT_FALSE(std::filesystem::exists(folder / left));
  EXPECT_EQ(FilesIn(folder.path()), 1u) << "what is not ours stays";
  EXPECT_EQ(ErrorOf([&] { MaskFolder(folder.path()); }).code(), ErrorCode::kFailedPrecondition);
}

TEST(MaskFolder, ErrorsNameTheFile) {
  const TemporaryFolder folder;
  WriteText(folder / "file", "");
  EXPECT_EQ(ErrorOf([&] { MaskFolder(folder / "file"); }).code(), ErrorCode::kUnavailable);
  const auto sink = MaskFolder(folder / "masks");
  std::filesystem::remove(folder / "masks");
  const Image frame = PlainImage(16, 8, 0, 0, 0);
  const LabelMap labels = LeftHalf(16, 8);
  const Error error = ErrorOf([&] { sink->Write(PredictionOf(frame, labels, 3)); });
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
  Prediction prediction = PredictionOf(frame, labels, 5);
  sink->Write(prediction);
  prediction.time = 1.0 / 3;
  prediction.index = 6;
  prediction.key_frame = true;
  prediction.stride = 12;
  prediction.metric = 0.75;
  prediction.version = 7;
  sink->Write(prediction);

  std::istringstream lines(ReadText(folder / "a/run.jsonl"));
  std::string line;
  ASSERT_TRUE(std::getline(lines, line));
  auto object = nlohmann::json::parse(line);
  EXPECT_EQ(object["frame"], 5);
  EXPECT_EQ(object["key_frame"], false);
  EXPECT_TRUE(object["time"].is_null()) << "not known";
  EXPECT_TRUE(object["metric"].is_null());
  EXPECT_TRUE(object["version"].is_null()) << "no student";
  EXPECT_DOUBLE_EQ(object["classes"]["person"], 0.125);
  EXPECT_DOUBLE_EQ(object["classes"]["background"], 0.875);
  EXPECT_EQ(object["classes"].size(), 3u);
  ASSERT_TRUE(std::getline(lines, line));
  object = nlohmann::json::parse(line);
  EXPECT_EQ(object["frame"], 6);
  EXPECT_EQ(object["key_frame"], true);
  EXPECT_DOUBLE_EQ(object["time"], 0.333333);
  EXPECT_EQ(object["stride"], 12);
  EXPECT_EQ(object["metric"], 0.75);
  EXPECT_EQ(object["version"], 7);
  EXPECT_FALSE(std::getline(lines, line));
  sink->Close();
  EXPECT_EQ(ErrorOf([&] { sink->Write(prediction); }).code(), ErrorCode::kFailedPrecondition);
}

TEST(JsonLines, AFullDiskIsAnError) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "there is no /dev/full here";
  EXPECT_EQ(ErrorOf([] { JsonLines("/dev/full", kClasses); }).code(), ErrorCode::kUnavailable);
}

TEST(JsonLines, AReaderThatHasGoneIsNoFailureOfTheDisk) {
  signal(SIGPIPE, SIG_IGN);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const auto sink = JsonLines("/dev/fd/" + std::to_string(ends[1]), kClasses);
  const Image frame = PlainImage(16, 8, 0, 0, 0);
  const LabelMap labels = LeftHalf(16, 8);
  sink->Write(PredictionOf(frame, labels));
  close(ends[0]);
  EXPECT_EQ(ErrorOf([&] { sink->Write(PredictionOf(frame, labels)); }).code(),
            ErrorCode::kCancelled);
  close(ends[1]);
}

TEST(Sinks, RefuseLabelsOfAnotherSize) {
  const TemporaryFolder folder;
  const Image frame = PlainImage(16, 8, 0, 0, 0);
  const LabelMap labels(8, 8);
  const auto sink = MaskFolder(folder / "masks");
  EXPECT_EQ(ErrorOf([&] { sink->Write(PredictionOf(frame, labels)); }).code(),
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
    EXPECT_NO_THROW(sink->Write(PredictionOf(frame, labels)));
  }
  sink->Close();
  sink->Close();
}

}  // namespace
}  // namespace shadowtutor::video
