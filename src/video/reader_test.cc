// What OpenSource makes of videos and pictures of all kinds. The inputs are made with FFmpeg's
// command line, which is the reference for colours and times, too.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "video/open_source.h"
#include "video/testing/make_media.h"
#include "video/testing/reader_fixture.h"
#include "video/testing/test_files.h"

namespace shadowtutor::video {
namespace {

namespace fs = std::filesystem;
using testing::ErrorOf;
using testing::Ffmpeg;
using testing::Quoted;
using testing::ReadText;
using testing::Says;
using testing::TemporaryFolder;
using testing::WriteText;

TEST_F(ReaderTest, ColoursAreThoseOfFfmpeg) {
  for (const char* format : {"yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le",
                             "yuv444p12le", "gbrp", "gbrp10le", "gray", "gray10le"}) {
    const fs::path file =
        Make(std::string(format) + ".nut", "162x122", "-c:v ffv1 -pix_fmt " + std::string(format));
    EXPECT_EQ(LargestDifference(BytesOf(ReadAll(file)), FramesByFfmpeg(file)), 0) << format;
  }
  for (const char* matrix : {"bt709", "smpte170m", "bt470bg", "bt2020nc"}) {
    for (const char* range : {"tv", "pc"}) {
      const fs::path file = Make(std::string(matrix) + range + ".mp4", "160x120",
                                 "-c:v libx264 -qp 0 -pix_fmt yuv420p -colorspace " +
                                     std::string(matrix) + " -color_range " + range);
      EXPECT_EQ(LargestDifference(BytesOf(ReadAll(file)), FramesByFfmpeg(file)), 0)
          << matrix << ' ' << range;
    }
  }
}

TEST_F(ReaderTest, WithoutAMatrixTheLinesDecide) {
  // The same stored colour, which BT.601 and BT.709 show differently: Y 120, Cb 90, Cr 160.
  const auto green_of = [this](const std::string& size) {
    const fs::path file = folder_ / (size + ".mkv");
    Ffmpeg("-f lavfi -i nullsrc=s=" + size +
           ":d=0.04,format=yuv420p,geq=lum=120:cb=90:cr=160 -c:v ffv1 " + Quoted(file));
    return static_cast<int>(ReadAll(file).frames.at(0).row(0)[1]);
  };
  // 1.164 (Y - 16) - a (Cb - 128) - b (Cr - 128)
  EXPECT_NEAR(green_of("64x718"), 121.1 + 0.392 * 38 - 0.813 * 32, 2);
  EXPECT_NEAR(green_of("64x720"), 121.1 + 0.213 * 38 - 0.533 * 32, 2);
}

TEST_F(ReaderTest, WhatIsTransparentIsOverBlack) {
  for (const char* name : {"a.png", "a.webp", "a.mkv", "a.tiff"}) {
    const fs::path file = folder_ / name;
    Ffmpeg(
        "-f lavfi -i nullsrc=s=32x16:d=0.04 -vf "
        "\"format=rgba,geq=r=200:g=100:b=40:a='128*lt(X,16)'\""
        " -frames:v 1 " +
        std::string(file.extension() == ".mkv"    ? "-c:v ffv1 -pix_fmt bgra "
                    : file.extension() == ".webp" ? "-lossless 1 "
                                                  : "") +
        Quoted(file));
    const Image frame = ReadAll(file).frames.at(0);
    EXPECT_NEAR(frame.row(3)[0], 40 * 128 / 255, 1) << name;
    EXPECT_NEAR(frame.row(3)[1], 100 * 128 / 255, 1) << name;
    EXPECT_NEAR(frame.row(3)[2], 200 * 128 / 255, 1) << name;
    EXPECT_EQ(frame.row(3)[3 * 20 + 2], 0) << name;
  }
}

TEST_F(ReaderTest, SizeMayChangeInTheStream) {
  std::string stream;
  for (const char* size : {"64x48", "96x80", "48x64"}) {
    stream += ReadText(Make(std::string(size) + ".ts", size, "-c:v libx264 -pix_fmt yuv420p"));
  }
  WriteText(folder_ / "changes.ts", stream);
  const Clip clip = ReadAll(folder_ / "changes.ts");
  ASSERT_EQ(clip.frames.size(), 15u);
  EXPECT_EQ(clip.frames[0].size(), (FrameSize{64, 48}));
  EXPECT_EQ(clip.frames[7].size(), (FrameSize{96, 80}));
  EXPECT_EQ(clip.frames[14].size(), (FrameSize{48, 64}));
  for (size_t i = 1; i < clip.times.size(); ++i) EXPECT_GT(clip.times[i], clip.times[i - 1]) << i;
  // A repeated picture would be equal.
  EXPECT_NE(clip.frames[13].bytes(), clip.frames[14].bytes());
}

TEST_F(ReaderTest, PixelFormatMayChangeInTheStream) {
  std::string stream;
  std::vector<Image> pictures;
  for (const char* format : {"yuvj422p", "yuvj420p", "yuvj444p", "gray"}) {
    const fs::path file =
        Make(std::string(format) + ".jpg", "64x48", "-frames:v 1 -pix_fmt " + std::string(format));
    stream += ReadText(file);
    pictures.push_back(ReadAll(file).frames.at(0));
  }
  WriteText(folder_ / "changes.mjpeg", stream);
  const Clip clip = ReadAll(folder_ / "changes.mjpeg");
  ASSERT_EQ(clip.frames.size(), 4u);
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(clip.frames[i].bytes(), pictures[i].bytes()) << i;
}

// Writes a display matrix into the header of an MP4 file's only track.
void SetMatrix(const fs::path& file, const std::vector<int32_t>& upper) {
  std::string bytes = ReadText(file);
  const size_t header = bytes.find("tkhd");
  ASSERT_NE(header, std::string::npos);
  // Type, version and flags, times, track, duration, and 16 bytes more precede it (version 0).
  const size_t matrix = header + 4 + 4 + 20 + 16;
  const size_t places[] = {0, 1, 3, 4};
  for (size_t i = 0; i < 4; ++i) {
    const auto value = static_cast<uint32_t>(upper[i]) * 65536u;
    for (size_t byte = 0; byte < 4; ++byte) {
      bytes[matrix + 4 * places[i] + byte] = static_cast<char>(value >> (24 - 8 * byte));
    }
  }
  WriteText(file, bytes);
}

TEST_F(ReaderTest, VideosAreUpright) {
  // Stored: red left above, green right above, blue left below, black right below.
  const fs::path stored = folder_ / "stored.mp4";
  Ffmpeg(
      "-f lavfi -i nullsrc=s=64x32:d=0.04 -vf \"format=gbrp,"
      "geq=r='255*lt(X,32)*lt(Y,16)':g='255*gte(X,32)*lt(Y,16)':b='255*lt(X,32)*gte(Y,16)'\" "
      "-c:v libx264rgb -qp 0 " +
      Quoted(stored));
  // The corners of the upright picture: left above, right above, left below, right below.
  const struct {
    std::vector<int32_t> matrix;
    const char* corners;
  } cases[] = {{{1, 0, 0, 1}, "rgbk"},  {{0, 1, -1, 0}, "brkg"}, {{-1, 0, 0, -1}, "kbgr"},
               {{0, -1, 1, 0}, "gkrb"}, {{-1, 0, 0, 1}, "grkb"}, {{1, 0, 0, -1}, "bkrg"},
               {{0, 1, 1, 0}, "rbgk"},  {{0, -1, -1, 0}, "kgbr"}};
  for (const auto& [matrix, corners] : cases) {
    const fs::path file = folder_ / "turned.mp4";
    fs::copy_file(stored, file, fs::copy_options::overwrite_existing);
    SetMatrix(file, matrix);
    const Image frame = ReadAll(file).frames.at(0);
    EXPECT_EQ(frame.width(), matrix[0] == 0 ? 32 : 64);
    std::string seen;
    for (const int y : {2, frame.height() - 3}) {
      for (const int x : {2, frame.width() - 3}) {
        const uint8_t* pixel = frame.row(y) + ptrdiff_t{3} * x;
        seen += pixel[2] > 128 ? 'r' : pixel[1] > 128 ? 'g' : pixel[0] > 128 ? 'b' : 'k';
      }
    }
    EXPECT_EQ(seen, corners) << matrix[0] << matrix[1] << matrix[2] << matrix[3];
  }
}

TEST_F(ReaderTest, PicturesAreUprightByTheirExif) {
  const fs::path plain = Make("plain.jpg", "64x32", "-frames:v 1");
  const Image stored = ReadAll(plain).frames.at(0);
  std::string bytes = ReadText(plain);
  const std::string exif("Exif\0\0MM\0*\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0", 32);
  const std::string length = {0, static_cast<char>(exif.size() + 2)};
  bytes.insert(2, "\xff\xe1" + length + exif);  // orientation 6: turned by 90 degrees
  WriteText(folder_ / "turned.jpg", bytes);
  const Image upright = ReadAll(folder_ / "turned.jpg").frames.at(0);
  ASSERT_EQ(upright.size(), (FrameSize{32, 64}));
  for (int y = 0; y < 64; ++y) {
    for (int x = 0; x < 32; ++x) {
      ASSERT_EQ(upright.row(y)[3 * x], stored.row(31 - x)[3 * y]) << x << ' ' << y;
    }
  }
}

TEST_F(ReaderTest, TimesAreThoseOfFfprobe) {
  const fs::path file = Make(
      "vfr.mp4", "64x48", "-vf \"select='lt(n,10)+not(mod(n,3))'\" -vsync vfr -c:v libx264", 1.6);
  const Clip clip = ReadAll(file);
  std::istringstream listed(testing::RunCommand(
      "ffprobe -v error -select_streams v -show_entries frame=pts_time -of csv=p=0 " +
      Quoted(file)));
  std::vector<double> times;
  for (std::string line; std::getline(listed, line);) {
    if (!line.empty()) times.push_back(std::stod(line));
  }
  ASSERT_EQ(clip.times.size(), times.size());
  for (size_t i = 0; i < times.size(); ++i) EXPECT_NEAR(clip.times[i], times[i], 1e-5) << i;
}

TEST_F(ReaderTest, AnimationsGiveAllTheirFrames) {
  for (const char* name : {"a.png", "a.gif", "a.webp"}) {
    const fs::path file = folder_ / name;
    Ffmpeg("-f lavfi -i nullsrc=s=32x24:r=5:d=2,format=gbrp,geq=r=X*4:g=Y*5:b=N*20 " +
           std::string(file.extension() == ".png"    ? "-f apng "
                       : file.extension() == ".webp" ? "-c:v libwebp_anim -lossless 1 "
                                                     : "") +
           Quoted(file));
    const Clip clip = ReadAll(file);
    EXPECT_EQ(clip.error, "") << name;
    ASSERT_EQ(clip.frames.size(), 10u) << name;
    for (size_t i = 0; i < 10; ++i) EXPECT_NEAR(clip.times[i], 0.2 * static_cast<double>(i), 1e-3);
  }
}

TEST_F(ReaderTest, TheDefaultStreamOfSeveralIsRead) {
  const fs::path file = folder_ / "two.mkv";
  Ffmpeg(
      "-f lavfi -i color=red:s=96x64:d=0.2 -f lavfi -i color=blue:s=64x48:d=0.2 -map 0 -map 1 "
      "-c:v ffv1 -disposition:v:0 0 -disposition:v:1 default " +
      Quoted(file));
  const Clip clip = ReadAll(file);
  EXPECT_EQ(clip.frames.at(0).size(), (FrameSize{64, 48}));
  EXPECT_GT(clip.frames.at(0).row(10)[0], 200);
}

TEST_F(ReaderTest, ACoverIsNoVideo) {
  const fs::path cover = Make("cover.png", "200x200", "-frames:v 1");
  const fs::path video = Make("video.mp4", "64x48", "-c:v libx264");
  const fs::path both = folder_ / "both.mp4";
  Ffmpeg("-i " + Quoted(cover) + " -i " + Quoted(video) +
         " -map 0 -map 1 -c copy -disposition:v:0 attached_pic " + Quoted(both));
  EXPECT_EQ(ReadAll(both).frames.at(0).size(), (FrameSize{64, 48}));
  const fs::path music = folder_ / "music.mp3";
  Ffmpeg("-f lavfi -i sine=d=1 -i " + Quoted(cover) +
         " -map 0 -map 1 -c:v copy -disposition:v:0 attached_pic " + Quoted(music));
  const Error error = ErrorOf([&] { OpenSource(music.string()); });
  EXPECT_EQ(error.code(), ErrorCode::kDataLoss);
  EXPECT_TRUE(Says(error, "has a cover picture but no video")) << error.what();
}

TEST_F(ReaderTest, NamesAreNames) {
  const fs::path video = Make("v.mp4", "64x48", "-c:v libx264");
  for (const char* name :
       {"12:30.mp4", "100%.mp4", "a%03d.mp4", "x?y#z.mp4", "http:x.mp4", "without ending",
        "gr\xc3\xb6\xc3\x9f"
        "e.mp4"}) {
    fs::copy_file(video, folder_ / name);
    EXPECT_EQ(ReadAll(folder_ / name).frames.size(), 5u) << name;
  }
  const fs::path picture = Make("p.png", "64x48", "-frames:v 1");
  fs::create_directory(folder_ / "2024");
  fs::copy_file(picture, folder_ / "2024/p%03d.png");
  const fs::path before = fs::current_path();
  fs::current_path(folder_.path());
  fs::copy_file(video, "7");
  EXPECT_EQ(ReadAll("2024").frames.size(), 1u);
  EXPECT_EQ(ReadAll("7").frames.size(), 5u);
  EXPECT_EQ(ReadAll("12:30.mp4").frames.size(), 5u);
  fs::current_path(before);
}

TEST_F(ReaderTest, ImagesComeInNaturalOrderWithoutHiddenOnes) {
  fs::create_directory(folder_ / "frames");
  for (int i = 0; i < 12; ++i) {
    Ffmpeg("-f lavfi -i color=black:s=" + std::to_string(16 + 2 * i) + "x16 -frames:v 1 " +
           Quoted(folder_ / "frames" / ("frame_" + std::to_string(i) + ".png")));
  }
  WriteText(folder_ / "frames" / "._frame_3.png", "what macOS leaves on foreign disks");
  const Clip clip = ReadAll(folder_ / "frames");
  ASSERT_EQ(clip.frames.size(), 12u);
  for (int i = 0; i < 12; ++i) EXPECT_EQ(clip.frames[static_cast<size_t>(i)].width(), 16 + 2 * i);
}

}  // namespace
}  // namespace shadowtutor::video
