// The overlay video as FFmpeg reads it back.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

extern "C" {
#include <libavutil/imgutils.h>
}

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "core/output_file.h"
#include "video/av_handles.h"
#include "video/sinks.h"
#include "video/testing/test_files.h"

namespace shadowtutor::video {
namespace {

using namespace internal;  // NOLINT: owners of FFmpeg's objects
using testing::ErrorOf;
using testing::PlainImage;
using testing::ReadText;
using testing::Says;
using testing::TemporaryFolder;
using testing::WriteText;

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
const ClassList kClasses = {{"background", {0, 0, 0}}, {"person", {255, 0, 0}}};

LabelMap LeftHalf(int width, int height) {
  LabelMap labels(width, height, 0);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width / 2; ++x) labels.at(x, y) = 1;
  }
  return labels;
}

Prediction Predicted(const Image& frame, const LabelMap& labels, uint64_t index = 0,
                     double time = kUnknown) {
  Prediction prediction;
  prediction.index = index;
  prediction.frame = frame;
  prediction.labels = &labels;
  prediction.time = time;
  return prediction;
}

size_t FilesIn(const std::filesystem::path& folder) {
  return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

using Bgr = std::array<int, 3>;

struct Clip {
  int frames = 0;
  FrameSize size;
  std::string codec;
  std::vector<double> times;  // in seconds
  AVColorSpace matrix = AVCOL_SPC_UNSPECIFIED;
  AVColorRange range = AVCOL_RANGE_UNSPECIFIED;
  double duration = 0;
  std::vector<Image> images;  // as players show them, by the colours that the file names
};

Image Shown(const AVFrame& frame) {
  const SwsPtr scaler(sws_getContext(
      frame.width, frame.height, static_cast<AVPixelFormat>(frame.format), frame.width,
      frame.height, AV_PIX_FMT_BGR24, SWS_BILINEAR | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT, nullptr,
      nullptr, nullptr));
  const int* const coefficients = sws_getCoefficients(frame.colorspace);
  sws_setColorspaceDetails(scaler.get(), coefficients, frame.color_range == AVCOL_RANGE_JPEG,
                           coefficients, 1, 0, 1 << 16, 1 << 16);
  // With room behind the rows, which libswscale may write to.
  const int stride = 3 * frame.width + 64;
  std::vector<uint8_t> pixels(static_cast<size_t>(stride) * (frame.height + 1));
  uint8_t* const rows[] = {pixels.data(), nullptr, nullptr, nullptr};
  const int strides[] = {stride, 0, 0, 0};
  sws_scale(scaler.get(), frame.data, frame.linesize, 0, frame.height, rows, strides);
  return Image(ImageView(pixels.data(), frame.width, frame.height, stride));
}

Clip ReadBack(const std::filesystem::path& file) {
  PrepareFfmpeg();
  Clip clip;
  AVFormatContext* opened = nullptr;
  if (avformat_open_input(&opened, ("file:" + file.string()).c_str(), nullptr, nullptr) < 0) {
    return clip;
  }
  const InputPtr input(opened);
  avformat_find_stream_info(opened, nullptr);
  const AVStream* const stream = opened->streams[0];
  clip.codec = avcodec_get_name(stream->codecpar->codec_id);
  clip.matrix = stream->codecpar->color_space;
  clip.range = stream->codecpar->color_range;
  clip.duration = static_cast<double>(opened->duration) / AV_TIME_BASE;
  const CodecPtr codec(avcodec_alloc_context3(avcodec_find_decoder(stream->codecpar->codec_id)));
  avcodec_parameters_to_context(codec.get(), stream->codecpar);
  avcodec_open2(codec.get(), codec->codec, nullptr);
  const PacketPtr packet(av_packet_alloc());
  const FramePtr frame(av_frame_alloc());
  const auto take = [&] {
    while (avcodec_receive_frame(codec.get(), frame.get()) == 0) {
      ++clip.frames;
      clip.size = {frame->width, frame->height};
      clip.times.push_back(static_cast<double>(frame->best_effort_timestamp) *
                           av_q2d(stream->time_base));
      clip.images.push_back(Shown(*frame));
    }
  };
  while (av_read_frame(opened, packet.get()) == 0) {
    avcodec_send_packet(codec.get(), packet.get());
    av_packet_unref(packet.get());
    take();
  }
  avcodec_send_packet(codec.get(), nullptr);
  take();
  return clip;
}

Bgr PixelAt(const Image& image, int x, int y) {
  const uint8_t* p = image.row(y) + ptrdiff_t{3} * x;
  return {p[0], p[1], p[2]};
}

int Difference(const Bgr& a, const Bgr& b) {
  int most = 0;
  for (int i = 0; i < 3; ++i) most = std::max(most, std::abs(a[i] - b[i]));
  return most;
}

// Writes a frame for each time and reads the times back.
std::vector<double> TimesFor(const std::string& name, double rate,
                             const std::vector<double>& times) {
  const TemporaryFolder folder;
  const Image frame = PlainImage(64, 48, 10, 20, 30);
  const LabelMap labels = LeftHalf(64, 48);
  const auto sink = OverlayVideo(folder / name, {64, 48}, rate, kClasses, 0);
  for (size_t i = 0; i < times.size(); ++i) sink->Write(Predicted(frame, labels, i, times[i]));
  sink->Close();
  return ReadBack(folder / name).times;
}

void ExpectTimes(const std::vector<double>& got, const std::vector<double>& wanted,
                 double tolerance) {
  ASSERT_EQ(got.size(), wanted.size());
  for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], wanted[i], tolerance) << i;
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
  EXPECT_EQ(clip.codec, "h264") << "browsers play H.264";
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

TEST(OverlayVideo, KeepsTheTimesOfTheSource) {
  const std::vector<double> varying = {0, 0.04, 0.1, 0.1333, 0.9, 0.95, 3.25};
  ExpectTimes(TimesFor("o.mp4", 25, varying), varying, 1e-4);
  ExpectTimes(TimesFor("o.mov", 0, varying), varying, 1e-4);
  ExpectTimes(TimesFor("o.mkv", 25, varying), varying, 6e-4);  // its ticks are milliseconds
}

TEST(OverlayVideo, TimesCountFromTheFirstFrame) {
  ExpectTimes(TimesFor("o.mp4", 25, {7.5, 7.6, 8}), {0, 0.1, 0.5}, 1e-4);
}

TEST(OverlayVideo, WithoutTimesTheRateTellsThem) {
  std::vector<double> wanted(50);
  for (size_t i = 0; i < wanted.size(); ++i) wanted[i] = static_cast<double>(i) * 1001 / 30000;
  const std::vector<double> unknown(wanted.size(), kUnknown);
  ExpectTimes(TimesFor("o.mp4", 30000.0 / 1001, unknown), wanted, 1e-9);
  ExpectTimes(TimesFor("o.mp4", 0, {kUnknown, kUnknown, kUnknown}), {0, 0.04, 0.08}, 1e-9);
}

TEST(OverlayVideo, LastsAsLongAsItsFrames) {
  const TemporaryFolder folder;
  const Image frame = PlainImage(64, 48, 10, 20, 30);
  const LabelMap labels = LeftHalf(64, 48);
  for (const char* name : {"o.mp4", "o.mkv"}) {
    const auto sink = OverlayVideo(folder / name, {64, 48}, 10, kClasses, 0);
    for (uint64_t i = 0; i < 5; ++i) sink->Write(Predicted(frame, labels, i));
    sink->Close();
    EXPECT_NEAR(ReadBack(folder / name).duration, 0.5, 1e-3) << name;
  }
}

TEST(OverlayVideo, TimesThatDoNotRiseAreNoFailure) {
  const auto got = TimesFor("o.mp4", 25, {0, 0.5, 0.5, 0.4, 0.6, 100, 2, 2.1});
  ASSERT_EQ(got.size(), 8u);
  EXPECT_TRUE(std::adjacent_find(got.begin(), got.end(), std::greater_equal<>()) == got.end());
  EXPECT_NEAR(got[4], 0.6, 1e-3) << "where it was before";
  EXPECT_NEAR(got[6], 100.04, 1e-3) << "a new timeline";
  EXPECT_NEAR(got[7], 100.14, 1e-3);
}

TEST(OverlayVideo, ColoursComeBackAndAreNamed) {
  const TemporaryFolder folder;
  const Bgr colours[] = {{200, 60, 30}, {30, 200, 60}, {20, 40, 220}, {255, 255, 255}, {0, 0, 0}};
  for (const FrameSize size : {FrameSize{64, 48}, FrameSize{1280, 720}}) {
    const LabelMap labels(size.width, size.height, 0);
    for (const char* name : {"o.mp4", "o.mkv", "o.mov"}) {
      const auto sink = OverlayVideo(folder / name, size, 25, kClasses, 0);
      for (const Bgr& c : colours) {
        const Image frame = PlainImage(size.width, size.height, static_cast<uint8_t>(c[0]),
                                       static_cast<uint8_t>(c[1]), static_cast<uint8_t>(c[2]));
        sink->Write(Predicted(frame, labels));
      }
      sink->Close();
      const Clip clip = ReadBack(folder / name);
      EXPECT_EQ(clip.matrix, size.height < 720 ? AVCOL_SPC_SMPTE170M : AVCOL_SPC_BT709) << name;
      EXPECT_EQ(clip.range, AVCOL_RANGE_MPEG) << name;
      ASSERT_EQ(clip.images.size(), std::size(colours));
      for (size_t i = 0; i < std::size(colours); ++i) {
        const Bgr got = PixelAt(clip.images[i], size.width / 2, size.height / 2);
        EXPECT_LE(Difference(got, colours[i]), 4)
            << name << " " << i << " " << got[0] << " " << got[1] << " " << got[2];
      }
    }
  }
}

TEST(OverlayVideo, AFrameOfAnotherSizeKeepsItsAspectAndIsSaidOnce) {
  const TemporaryFolder folder;
  std::vector<std::string> lines;
  const auto sink = OverlayVideo(folder / "o.mp4", {64, 64}, 25, kClasses, 0,
                                 [&](const std::string& line) { lines.push_back(line); });
  const Image square = PlainImage(64, 64, 200, 200, 200), wide = PlainImage(128, 64, 200, 200, 200);
  const LabelMap of_square(64, 64, 0), of_wide(128, 64, 0);
  sink->Write(Predicted(square, of_square));
  EXPECT_TRUE(lines.empty());
  sink->Write(Predicted(wide, of_wide));
  sink->Write(Predicted(wide, of_wide));
  sink->Close();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_NE(lines[0].find("from 64x64 to 128x64"), std::string::npos) << lines[0];
  const Clip clip = ReadBack(folder / "o.mp4");
  ASSERT_EQ(clip.images.size(), 3u);
  EXPECT_LE(Difference(PixelAt(clip.images[1], 32, 32), {200, 200, 200}), 4);
  EXPECT_LE(Difference(PixelAt(clip.images[1], 32, 6), {0, 0, 0}), 12) << "black above it";
}

TEST(OverlayVideo, SmallAndNarrowFrames) {
  const TemporaryFolder folder;
  for (const FrameSize size :
       {FrameSize{1, 1}, FrameSize{2, 1}, FrameSize{1, 300}, FrameSize{300, 2}}) {
    const Image frame = PlainImage(size.width, size.height, 10, 20, 30);
    const LabelMap labels(size.width, size.height, 0);
    const auto sink = OverlayVideo(folder / "o.mp4", size, 25, kClasses, 0);
    for (uint64_t i = 0; i < 3; ++i) sink->Write(Predicted(frame, labels, i));
    sink->Close();
    EXPECT_EQ(ReadBack(folder / "o.mp4").frames, 3) << size.width << "x" << size.height;
  }
}

TEST(OverlayVideo, AllNamesAreNamesOfFiles) {
  const TemporaryFolder folder;
  const Image frame = PlainImage(64, 48, 10, 20, 30);
  const LabelMap labels = LeftHalf(64, 48);
  for (const char* name : {"2026-11-26T10:30:00.mp4", "a%d.mp4", "http:clip.mkv", "a b'c\"d.MP4",
                           "größe 日本.MoV", "[1]|x,y;z.mkv", "-x.mp4", ".hidden.mp4"}) {
    const auto sink = OverlayVideo(folder / name, {64, 48}, 25, kClasses, 0);
    sink->Write(Predicted(frame, labels));
    sink->Close();
    EXPECT_EQ(ReadBack(folder / name).frames, 1) << name;
  }
  EXPECT_EQ(FilesIn(folder.path()), 8u);
}

TEST(OverlayVideo, OneRunAtATimeAndNothingOfASecondOne) {
  const TemporaryFolder folder;
  const auto sink = OverlayVideo(folder / "o.mp4", {64, 48}, 25, kClasses, 0);
  const Error second = ErrorOf([&] { OverlayVideo(folder / "o.mp4", {64, 48}, 25, kClasses, 0); });
  EXPECT_EQ(second.code(), ErrorCode::kFailedPrecondition);
  EXPECT_TRUE(Says(second, "another run is writing")) << second.what();
  // A file that only looks like a temporary is neither used nor touched.
  WriteText(folder / "o.part.mp4", "of somebody else");
  const Image frame = PlainImage(64, 48, 10, 20, 30);
  const LabelMap labels = LeftHalf(64, 48);
  sink->Write(Predicted(frame, labels));
  sink->Close();
  EXPECT_EQ(ReadText(folder / "o.part.mp4"), "of somebody else");
  EXPECT_EQ(FilesIn(folder.path()), 2u);
}

// Whether a disk that is full is told and leaves no file.
bool NoticesAFullDisk() {
  const TemporaryFolder folder;
  signal(SIGXFSZ, SIG_IGN);  // writes beyond the limit fail, as on a full disk
  const auto sink = OverlayVideo(folder / "o.mp4", {64, 48}, 25, kClasses, 0);
  const rlimit limit{4096, 4096};
  setrlimit(RLIMIT_FSIZE, &limit);
  const Error error = ErrorOf([&] {
    Image frame(64, 48);
    const LabelMap labels(64, 48, 0);
    uint32_t noise = 1;
    for (int i = 0; i < 100; ++i) {
      for (uint8_t& value : frame.bytes()) {
        noise = noise * 1664525 + 1013904223;
        value = static_cast<uint8_t>(noise >> 24);
      }
      sink->Write(Predicted(frame, labels));
    }
    sink->Close();
  });
  return error.code() == ErrorCode::kUnavailable && Says(error, "o.mp4") &&
         FilesIn(folder.path()) == 0;
}

TEST(OverlayVideo, ADiskThatIsFullIsAnErrorAndLeavesNoFile) {
  // In a process of its own, for which the limit is.
  EXPECT_EXIT(_exit(NoticesAFullDisk() ? 0 : 1), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace shadowtutor::video
