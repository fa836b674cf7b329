// For tests of the reader: makes videos with FFmpeg's command line and reads them whole.
#ifndef SHADOWTUTOR_VIDEO_TESTING_READER_FIXTURE_H_
#define SHADOWTUTOR_VIDEO_TESTING_READER_FIXTURE_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "video/open_source.h"
#include "video/testing/make_media.h"
#include "video/testing/test_files.h"

namespace shadowtutor::video {

class ReaderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testing::HaveFfmpeg()) GTEST_SKIP() << "the command ffmpeg is not there";
  }

  struct Clip {
    std::vector<Image> frames;
    std::vector<double> times;
    std::string error;  // what ended the reading, if anything did
  };

  static Clip ReadAll(const std::string& source_name) {
    Clip clip;
    const auto source = OpenSource(source_name);
    Image frame;
    try {
      while (source->Read(frame)) {
        clip.frames.push_back(frame);
        clip.times.push_back(source->time());
      }
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kDataLoss) << error.what();
      clip.error = error.what();
    }
    return clip;
  }

  // Makes `name` with FFmpeg from its test pattern of this size and duration.
  std::filesystem::path Make(const std::string& name, const std::string& size,
                             const std::string& encoding, double seconds = 0.2) {
    std::filesystem::path file = folder_ / name;
    testing::Ffmpeg("-f lavfi -i testsrc2=s=" + size + ":r=25:d=" + std::to_string(seconds) + " " +
                    encoding + " " + testing::Quoted(file));
    return file;
  }

  // FFmpeg's own frames of the file, BGR one after the other.
  std::string FramesByFfmpeg(const std::filesystem::path& file) {
    const std::filesystem::path raw = folder_ / "by_ffmpeg.raw";
    testing::Ffmpeg("-i " + testing::Quoted(file) +
                    " -vsync passthrough -pix_fmt bgr24 -f rawvideo " + testing::Quoted(raw));
    return testing::ReadText(raw);
  }

  static std::string BytesOf(const Clip& clip) {
    std::string bytes;
    for (const Image& frame : clip.frames) {
      bytes.append(frame.bytes().begin(), frame.bytes().end());
    }
    return bytes;
  }

  static int LargestDifference(const std::string& a, const std::string& b) {
    if (a.size() != b.size()) return 256;
    int largest = 0;
    for (size_t i = 0; i < a.size(); ++i) {
      largest =
          std::max(largest, std::abs(static_cast<uint8_t>(a[i]) - static_cast<uint8_t>(b[i])));
    }
    return largest;
  }

  static void CutOff(const std::filesystem::path& file, double part) {
    std::filesystem::resize_file(
        file, static_cast<uintmax_t>(static_cast<double>(std::filesystem::file_size(file)) * part));
  }

  const testing::TemporaryFolder folder_;
};

}  // namespace shadowtutor::video

#endif  // SHADOWTUTOR_VIDEO_TESTING_READER_FIXTURE_H_
