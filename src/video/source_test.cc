#include "video/source.h"
#include "video/open_source.h"

#include <gtest/gtest.h>

#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/videoio.hpp>

#include "video/testing/file_server.h"
#include "video/testing/test_files.h"

namespace shadowtutor::video {
namespace {

using testing::ErrorOf;
using testing::ReadText;
using testing::Says;
using testing::TemporaryFolder;
using testing::WriteText;

cv::Mat Picture(int width, int height, int grey) {
  return cv::Mat(height, width, CV_8UC3, cv::Scalar(grey, grey, grey));
}

// Writes a video whose frame i is grey with the value 2 i.
void WriteVideo(const std::filesystem::path& file, const char* codec, int frames,
                double rate = 25) {
  cv::VideoWriter writer(file.string(), cv::CAP_FFMPEG,
                         cv::VideoWriter::fourcc(codec[0], codec[1], codec[2], codec[3]), rate,
                         cv::Size(64, 48));
  ASSERT_TRUE(writer.isOpened());
  for (int i = 0; i < frames; ++i) writer.write(Picture(64, 48, 2 * i));
}

void CutOff(const std::filesystem::path& file, double part) {
  std::filesystem::resize_file(
      file, static_cast<uintmax_t>(static_cast<double>(std::filesystem::file_size(file)) * part));
}

int Grey(const Image& frame) { return frame.bytes()[frame.bytes().size() / 2]; }

TEST(VideoFile, GivesEveryFrameInOrder) {
  const TemporaryFolder folder;
  WriteVideo(folder / "v.avi", "MJPG", 60);
  const auto source = OpenSource((folder / "v.avi").string());
  EXPECT_EQ(source->size(), (FrameSize{64, 48}));
  EXPECT_EQ(source->frame_count(), 60);
  EXPECT_DOUBLE_EQ(source->frames_per_second(), 25);
  EXPECT_FALSE(source->live());
  Image frame;
  for (int i = 0; i < 60; ++i) {
    ASSERT_TRUE(source->Read(frame)) << i;
    EXPECT_NEAR(Grey(frame), 2 * i, 3) << i;
  }
  EXPECT_FALSE(source->Read(frame));
  EXPECT_FALSE(source->Read(frame)) << "the end stays the end";
}

TEST(VideoFile, WhatIsNoVideoSaysSo) {
  const TemporaryFolder folder;
  WriteText(folder / "text.mp4", "this is not a video\n");
  WriteText(folder / "empty.mp4", "");
  WriteVideo(folder / "headless.mp4", "avc1", 60);
  CutOff(folder / "headless.mp4", 0.5);  // loses the index, which is at the end
  for (const char* name : {"text.mp4", "empty.mp4", "headless.mp4"}) {
    const Error error = ErrorOf([&] { OpenSource((folder / name).string()); });
    EXPECT_EQ(error.code(), ErrorCode::kDataLoss) << name;
    EXPECT_TRUE(Says(error, name)) << error.what();
  }
}

TEST(VideoFile, TruncatedGivesItsSoundFramesThenSaysSo) {
  const TemporaryFolder folder;
  WriteVideo(folder / "v.avi", "MJPG", 100);
  CutOff(folder / "v.avi", 0.5);
  const auto source = OpenSource((folder / "v.avi").string());
  Image frame;
  int frames = 0;
  const Error error = ErrorOf([&] {
    while (source->Read(frame)) ++frames;
  });
  EXPECT_EQ(error.code(), ErrorCode::kDataLoss);
  EXPECT_TRUE(Says(error, "truncated")) << error.what();
  EXPECT_GT(frames, 30);
  EXPECT_LT(frames, 70);
  EXPECT_FALSE(source->Read(frame)) << "said once, then the video is over";
}

TEST(ImageFolder, GoesByNameAndMayChangeSize) {
  const TemporaryFolder folder;
  cv::imwrite((folder / "b.png").string(), Picture(20, 10, 2));
  cv::imwrite((folder / "a.PNG").string(), Picture(16, 12, 1));
  cv::imwrite((folder / "c.bmp").string(), Picture(8, 8, 3));
  WriteText(folder / "notes.txt", "not an image");
  const auto source = OpenSource(folder.path().string());
  EXPECT_EQ(source->frame_count(), 3);
  EXPECT_EQ(source->frames_per_second(), 0);
  EXPECT_EQ(source->size(), (FrameSize{16, 12}));
  Image frame;
  const FrameSize sizes[] = {{16, 12}, {20, 10}, {8, 8}};
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(source->Read(frame));
    EXPECT_EQ(frame.size(), sizes[i]);
    EXPECT_EQ(source->size(), sizes[i]);
    EXPECT_EQ(Grey(frame), i + 1);
  }
  EXPECT_FALSE(source->Read(frame));
}

TEST(ImageFolder, ADamagedImageCostsItselfOnly) {
  const TemporaryFolder folder;
  cv::imwrite((folder / "a.png").string(), Picture(8, 8, 1));
  WriteText(folder / "b.png", "not a PNG");
  cv::imwrite((folder / "c.png").string(), Picture(8, 8, 3));
  const auto source = OpenSource(folder.path().string());
  Image frame;
  ASSERT_TRUE(source->Read(frame));
  const Error error = ErrorOf([&] { source->Read(frame); });
  EXPECT_EQ(error.code(), ErrorCode::kDataLoss);
  EXPECT_TRUE(Says(error, "b.png")) << error.what();
  ASSERT_TRUE(source->Read(frame));
  EXPECT_EQ(Grey(frame), 3);
  EXPECT_FALSE(source->Read(frame));
}

TEST(ImageFolder, WithoutImagesSaysSo) {
  const TemporaryFolder folder;
  WriteText(folder / "notes.txt", "");
  const Error error = ErrorOf([&] { OpenSource(folder.path().string()); });
  EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  EXPECT_TRUE(Says(error, "holds no images")) << error.what();
}

TEST(ImageFolder, OneImageIsAVideoOfOneFrame) {
  const TemporaryFolder folder;
  cv::imwrite((folder / "a.jpg").string(), Picture(32, 24, 90));
  const auto source = OpenSource((folder / "a.jpg").string());
  Image frame;
  ASSERT_TRUE(source->Read(frame));
  EXPECT_EQ(frame.size(), (FrameSize{32, 24}));
  EXPECT_FALSE(source->Read(frame));
}

TEST(OpenSource, ErrorsSayWhatWasTried) {
  const Error nothing = ErrorOf([] { OpenSource(""); });
  EXPECT_EQ(nothing.code(), ErrorCode::kInvalidArgument);
  const Error missing = ErrorOf([] { OpenSource("no/such/video.mp4"); });
  EXPECT_EQ(missing.code(), ErrorCode::kNotFound);
  EXPECT_TRUE(Says(missing, "no/such/video.mp4")) << missing.what();
  const Error scheme = ErrorOf([] { OpenSource("gopher://host/video"); });
  EXPECT_EQ(scheme.code(), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(Says(scheme, "rtsp://")) << scheme.what();
  const Error capitals = ErrorOf([] { OpenSource("RTSP://127.0.0.1:9/video"); });
  EXPECT_EQ(capitals.code(), ErrorCode::kUnavailable) << capitals.what();
  const Error device = ErrorOf([] { OpenSource("/dev/null"); });
  EXPECT_EQ(device.code(), ErrorCode::kInvalidArgument);
}

TEST(OpenSource, ACameraThatIsNotThere) {
  const Error error = ErrorOf([] { OpenSource("987"); });
  EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  EXPECT_TRUE(Says(error, "/dev/video987")) << error.what();
}

TEST(OpenSource, PasswordsDoNotReachTheTerminal) {
  // Nothing listens on port 9 of the loopback, so the connection is refused at once.
  const Error error = ErrorOf([] { OpenSource("rtsp://me:secret@127.0.0.1:9/video"); });
  EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
  EXPECT_TRUE(Says(error, "rtsp://127.0.0.1:9/video")) << error.what();
  EXPECT_FALSE(Says(error, "secret")) << error.what();
}

TEST(Address, ARecordingBehindHttpReadsLikeAFile) {
  const TemporaryFolder folder;
  WriteVideo(folder / "v.avi", "MJPG", 30);
  const testing::FileServer server(ReadText(folder / "v.avi"));
  const auto source = OpenSource(server.Address("/v.avi"));
  EXPECT_FALSE(source->live());
  EXPECT_EQ(source->frame_count(), 30);
  Image frame;
  int frames = 0;
  while (source->Read(frame)) {
    EXPECT_NEAR(Grey(frame), 2 * frames, 3);
    ++frames;
  }
  EXPECT_EQ(frames, 30);
}

}  // namespace
}  // namespace shadowtutor::video
