#include "video/webp.h"

#include <gtest/gtest.h>
#include <webp/decode.h>
#include <webp/encode.h>
#include <webp/mux.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "video/testing/make_media.h"
#include "video/testing/test_files.h"

namespace shadowtutor::video {
namespace {

using testing::ErrorOf;
using testing::Says;
using Bytes = std::vector<uint8_t>;

// A picture with four bytes a pixel: blue, green, red, alpha.
struct Picture {
  int width = 0, height = 0;
  Bytes bgra;
};

Picture Plain(int width, int height, std::vector<uint8_t> bgra) {
  Picture picture{width, height, {}};
  for (int i = 0; i < width * height; ++i) {
    picture.bgra.insert(picture.bgra.end(), bgra.begin(), bgra.end());
  }
  return picture;
}

Picture Noise(int width, int height, bool opaque, uint32_t seed) {
  std::mt19937 random(seed);
  Picture picture{width, height, Bytes(size_t{4} * width * height)};
  for (size_t i = 0; i < picture.bgra.size(); ++i) {
    picture.bgra[i] = opaque && i % 4 == 3 ? 255 : static_cast<uint8_t>(random());
  }
  return picture;
}

Bytes Taken(uint8_t* data, size_t size) {
  Bytes bytes(data, data + size);
  WebPFree(data);
  return bytes;
}

Bytes Lossless(const Picture& picture) {
  // The colours below transparent pixels stay as they are.
  WebPConfig config;
  WebPPicture source;
  WebPMemoryWriter writer;
  WebPMemoryWriterInit(&writer);
  EXPECT_TRUE(WebPConfigInit(&config) && WebPPictureInit(&source));
  config.lossless = 1;
  config.exact = 1;
  source.use_argb = 1;
  source.width = picture.width;
  source.height = picture.height;
  source.writer = WebPMemoryWrite;
  source.custom_ptr = &writer;
  EXPECT_TRUE(WebPPictureImportBGRA(&source, picture.bgra.data(), 4 * picture.width));
  EXPECT_TRUE(WebPEncode(&config, &source));
  WebPPictureFree(&source);
  return Taken(writer.mem, writer.size);
}

struct Frame {
  Picture picture;
  int duration = 100;  // milliseconds
  int x = 0, y = 0;
  WebPMuxAnimBlend blend = WEBP_MUX_BLEND;
  WebPMuxAnimDispose dispose = WEBP_MUX_DISPOSE_NONE;
};

Bytes Animation(const std::vector<Frame>& frames, int width, int height) {
  WebPMux* mux = WebPMuxNew();
  EXPECT_EQ(WebPMuxSetCanvasSize(mux, width, height), WEBP_MUX_OK);
  for (const Frame& frame : frames) {
    const Bytes file = Lossless(frame.picture);
    WebPMuxFrameInfo info{};
    info.bitstream = {file.data(), file.size()};
    info.x_offset = frame.x;
    info.y_offset = frame.y;
    info.duration = frame.duration;
    info.id = WEBP_CHUNK_ANMF;
    info.dispose_method = frame.dispose;
    info.blend_method = frame.blend;
    EXPECT_EQ(WebPMuxPushFrame(mux, &info, 1), WEBP_MUX_OK);
  }
  // A background that must not be seen.
  const WebPMuxAnimParams parameters{0xff00ff00, 0};
  EXPECT_EQ(WebPMuxSetAnimationParams(mux, &parameters), WEBP_MUX_OK);
  WebPData data;
  EXPECT_EQ(WebPMuxAssemble(mux, &data), WEBP_MUX_OK);
  WebPMuxDelete(mux);
  return Taken(const_cast<uint8_t*>(data.bytes), data.size);
}

// All frames up to the end, or up to the first error, which is thrown again.
struct Reading {
  std::vector<Image> frames;
  std::vector<double> seconds;
};
void ReadAll(WebpReader& reader, Reading& reading) {
  Image frame;
  double seconds = -1;
  while (reader.Next(frame, seconds)) {
    reading.frames.push_back(frame);
    reading.seconds.push_back(seconds);
  }
}
Reading ReadAll(Bytes file) {
  WebpReader reader(std::move(file), "a.webp");
  Reading reading;
  ReadAll(reader, reading);
  EXPECT_EQ(reader.frame_count(), static_cast<int>(reading.frames.size()));
  return reading;
}

std::vector<int> Pixel(const Image& image, int x, int y) {
  const uint8_t* pixel = image.row(y) + 3 * x;
  return {pixel[0], pixel[1], pixel[2]};
}

Bytes ReadBytes(const std::filesystem::path& path) {
  const std::string text = testing::ReadText(path);
  return {text.begin(), text.end()};
}

TEST(Webp, LosslessColoursAreExact) {
  const Picture picture = Noise(37, 21, true, 1);
  WebpReader reader(Lossless(picture), "a.webp");
  EXPECT_EQ(reader.size(), (FrameSize{37, 21}));
  EXPECT_EQ(reader.frame_count(), 1);
  EXPECT_EQ(reader.duration(), 0);
  Image frame;
  double seconds = -1;
  ASSERT_TRUE(reader.Next(frame, seconds));
  EXPECT_EQ(seconds, 0);
  ASSERT_EQ(frame.size(), (FrameSize{37, 21}));
  for (size_t i = 0; i < frame.size().pixels(); ++i) {
    for (size_t c = 0; c < 3; ++c) {
      ASSERT_EQ(frame.bytes()[3 * i + c], picture.bgra[4 * i + c]) << i;
    }
  }
  EXPECT_FALSE(reader.Next(frame, seconds));
  EXPECT_FALSE(reader.Next(frame, seconds));
}

TEST(Webp, LossyPixelsAreThoseOfLibwebp) {
  const Picture picture = Noise(50, 34, true, 2);
  uint8_t* encoded = nullptr;
  const size_t size = WebPEncodeBGRA(picture.bgra.data(), 50, 34, 200, 60, &encoded);
  const Bytes file = Taken(encoded, size);
  const Reading reading = ReadAll(file);
  ASSERT_EQ(reading.frames.size(), 1U);
  int width = 0, height = 0;
  uint8_t* expected = WebPDecodeBGR(file.data(), file.size(), &width, &height);
  ASSERT_NE(expected, nullptr);
  ASSERT_EQ(reading.frames[0].size(), (FrameSize{width, height}));
  EXPECT_EQ(
      std::memcmp(expected, reading.frames[0].bytes().data(), reading.frames[0].bytes().size()), 0);
  WebPFree(expected);
}

TEST(Webp, TransparencyIsOverBlack) {
  const Picture picture = Noise(40, 30, false, 3);
  const Reading reading = ReadAll(Lossless(picture));
  ASSERT_EQ(reading.frames.size(), 1U);
  for (size_t i = 0; i < reading.frames[0].size().pixels(); ++i) {
    for (size_t c = 0; c < 3; ++c) {
      const double expected = picture.bgra[4 * i + c] * (picture.bgra[4 * i + 3] / 255.0);
      ASSERT_EQ(reading.frames[0].bytes()[3 * i + c], std::lround(expected)) << i;
    }
  }
}

TEST(Webp, AnimationHasItsFramesAndTimes) {
  const Reading reading = ReadAll(Animation({{Plain(8, 6, {10, 20, 30, 255}), 40},
                                             {Plain(8, 6, {40, 50, 60, 255}), 1000},
                                             {Plain(8, 6, {70, 80, 90, 255}), 0},
                                             {Plain(8, 6, {1, 2, 3, 255}), 7}},
                                            8, 6));
  ASSERT_EQ(reading.frames.size(), 4U);
  EXPECT_EQ(reading.seconds, (std::vector<double>{0, 0.04, 1.04, 1.14}));
  EXPECT_EQ(Pixel(reading.frames[0], 7, 5), (std::vector<int>{10, 20, 30}));
  EXPECT_EQ(Pixel(reading.frames[1], 7, 5), (std::vector<int>{40, 50, 60}));
  EXPECT_EQ(Pixel(reading.frames[2], 7, 5), (std::vector<int>{70, 80, 90}));
  EXPECT_EQ(Pixel(reading.frames[3], 7, 5), (std::vector<int>{1, 2, 3}));
}

TEST(Webp, DurationIsTheEndOfTheLastFrame) {
  const Picture picture = Plain(8, 6, {1, 2, 3, 255});
  WebpReader reader(Animation({{picture, 40}, {picture, 0}, {picture, 260}}, 8, 6), "a.webp");
  EXPECT_EQ(reader.frame_count(), 3);
  EXPECT_DOUBLE_EQ(reader.duration(), 0.4);
}

TEST(Webp, LongDurationsDoNotOverflow) {
  const Frame frame{Plain(2, 2, {1, 2, 3, 255}), 0xffffff};
  const Reading reading = ReadAll(Animation(std::vector<Frame>(300, frame), 2, 2));
  ASSERT_EQ(reading.frames.size(), 300U);
  EXPECT_DOUBLE_EQ(reading.seconds.back(), 299 * 16777.215);
}

TEST(Webp, FramesAreDrawnOntoThoseBefore) {
  const Reading reading = ReadAll(Animation(
      {
          {Plain(8, 8, {100, 100, 100, 255})},
          // A part, half transparent, blended; then cleared.
          {Plain(4, 4, {200, 0, 0, 128}), 100, 2, 2, WEBP_MUX_BLEND, WEBP_MUX_DISPOSE_BACKGROUND},
          // A part that replaces what is there, transparent.
          {Plain(2, 2, {9, 9, 9, 0}), 100, 0, 0, WEBP_MUX_NO_BLEND, WEBP_MUX_DISPOSE_NONE},
          // Transparent and blended: changes nothing.
          {Plain(8, 8, {9, 9, 9, 0})},
      },
      8, 8));
  ASSERT_EQ(reading.frames.size(), 4U);
  const std::vector<int> grey = {100, 100, 100}, black = {0, 0, 0};
  EXPECT_EQ(Pixel(reading.frames[0], 3, 3), grey);
  EXPECT_EQ(Pixel(reading.frames[1], 1, 1), grey);
  EXPECT_EQ(Pixel(reading.frames[1], 6, 6), grey);
  EXPECT_NEAR(Pixel(reading.frames[1], 3, 3)[0], 150, 2);
  EXPECT_NEAR(Pixel(reading.frames[1], 3, 3)[1], 50, 2);
  for (const int frame : {2, 3}) {
    EXPECT_EQ(Pixel(reading.frames[frame], 3, 3), black);  // the background is black, too
    EXPECT_EQ(Pixel(reading.frames[frame], 1, 1), black);
    EXPECT_EQ(Pixel(reading.frames[frame], 7, 0), grey);
  }
}

TEST(Webp, ReusesTheImageOfAnotherSize) {
  WebpReader reader(Lossless(Plain(5, 3, {1, 2, 3, 255})), "a.webp");
  Image frame(100, 100);
  double seconds = -1;
  ASSERT_TRUE(reader.Next(frame, seconds));
  EXPECT_EQ(frame.size(), (FrameSize{5, 3}));
  EXPECT_EQ(frame.bytes().size(), 45U);
}

TEST(Webp, WhatIsNoWebpIsRefused) {
  for (const std::string text : {"", "RIFF", "RIFF\4\0\0\0WAVE", "a text that is no picture"}) {
    const Error error = ErrorOf([&] { WebpReader({text.begin(), text.end()}, "x.webp"); });
    EXPECT_EQ(error.code(), ErrorCode::kDataLoss);
    EXPECT_TRUE(Says(error, "x.webp is not a WebP file")) << error.what();
  }
}

// An animation whose header says that its canvas has this size.
Bytes LargeHeader(uint32_t width, uint32_t height) {
  Bytes file = Animation({{Plain(2, 2, {1, 2, 3, 255})}}, 4, 4);
  EXPECT_EQ(std::memcmp(file.data() + 12, "VP8X", 4), 0);
  for (int i = 0; i < 3; ++i) {
    file[24 + i] = static_cast<uint8_t>((width - 1) >> (8 * i));
    file[27 + i] = static_cast<uint8_t>((height - 1) >> (8 * i));
  }
  return file;
}

TEST(Webp, LargePicturesAreRefusedBeforeDecoding) {
  const std::vector<std::vector<uint32_t>> sizes = {
      {8193, 2}, {2, 8193}, {4097, 4096}, {8192, 8192}, {1 << 24, 2}};
  for (const std::vector<uint32_t>& size : sizes) {
    const Error error = ErrorOf([&] { WebpReader(LargeHeader(size[0], size[1]), "x.webp"); });
    EXPECT_EQ(error.code(), ErrorCode::kResourceExhausted) << size[0] << ' ' << error.what();
    EXPECT_TRUE(Says(error, "x.webp has frames of")) << error.what();
  }
  EXPECT_EQ(WebpReader(LargeHeader(8192, 2), "x.webp").size(), (FrameSize{8192, 2}));
}

TEST(Webp, TruncatedPictureIsToldAtEveryLength) {
  const Bytes file = Lossless(Noise(12, 9, false, 4));
  for (size_t length = 0; length + 1 < file.size(); ++length) {
    const Error error = ErrorOf([&] {
      ReadAll({file.begin(), file.begin() + static_cast<ptrdiff_t>(length)});
    });
    EXPECT_EQ(error.code(), ErrorCode::kDataLoss) << length;
  }
}

TEST(Webp, TruncatedAnimationGivesTheFramesBeforeTheEnd) {
  std::vector<Frame> frames;
  std::vector<size_t> sizes;  // of the animations of 1, 2, 3 frames
  for (uint32_t i = 0; i < 3; ++i) {
    frames.push_back({Noise(12, 10, true, i), 100});
    sizes.push_back(Animation(frames, 14, 12).size());
  }
  const Bytes file = Animation(frames, 14, 12);
  const Reading whole = ReadAll(file);
  for (size_t length = 0; length < file.size() - 1; ++length) {
    Reading reading;
    const Error error = ErrorOf([&] {
      WebpReader reader({file.begin(), file.begin() + static_cast<ptrdiff_t>(length)}, "x.webp");
      try {
        ReadAll(reader, reading);
      } catch (const Error&) {  // and again
        EXPECT_EQ(reader.frame_count(), static_cast<int>(reading.frames.size()));
        ReadAll(reader, reading);
      }
    });
    EXPECT_EQ(error.code(), ErrorCode::kDataLoss) << length;
    const size_t expected = length >= sizes[1] ? 2 : length >= sizes[0] ? 1 : 0;
    ASSERT_EQ(reading.frames.size(), expected) << length << ' ' << error.what();
    for (size_t i = 0; i < expected; ++i) {
      EXPECT_EQ(reading.frames[i].bytes(), whole.frames[i].bytes());
      EXPECT_EQ(reading.seconds[i], whole.seconds[i]);
    }
    if (expected == 2) {
      EXPECT_TRUE(Says(error, "is truncated: the file ends after its first 2 pictures"));
    }
  }
}

TEST(Webp, MissingFillerAtTheEndIsNoTruncation) {
  int tried = 0;
  for (uint32_t seed = 0; tried < 3; ++seed) {
    Bytes file = Lossless(Noise(12, 9, false, seed));
    if (file[16] % 2 == 0) continue;  // the length of the pixels' data
    ++tried;
    file.pop_back();
    EXPECT_EQ(ReadAll(file).frames.size(), 1U);
    --file[4];  // the file's length does not count the filler either
    EXPECT_EQ(ReadAll(file).frames.size(), 1U);
  }
}

TEST(Webp, WhatFollowsTheFileIsIgnored) {
  Bytes file = Lossless(Plain(4, 4, {1, 2, 3, 255}));
  file.insert(file.end(), 1000, 0x77);
  EXPECT_EQ(ReadAll(file).frames.size(), 1U);
}

TEST(Webp, DamageIsToldOrDecodesToPicturesOfTheSameSize) {
  std::mt19937 random(5);
  const Bytes still = Lossless(Noise(12, 9, false, 6));
  const Bytes animation = Animation(
      {{Noise(12, 10, false, 7)}, {Noise(6, 4, false, 8), 100, 2, 4}, {Noise(12, 10, true, 9)}}, 12,
      10);
  for (const Bytes& file : {still, animation}) {
    for (int round = 0; round < 1500; ++round) {
      Bytes damaged = file;
      for (auto count = 1 + random() % 3; count > 0; --count) {
        damaged[random() % damaged.size()] = static_cast<uint8_t>(random());
      }
      try {
        WebpReader reader(damaged, "x.webp");
        Reading reading;
        ReadAll(reader, reading);
        for (const Image& frame : reading.frames) ASSERT_EQ(frame.size(), reader.size());
      } catch (const Error& error) {
        ASSERT_TRUE(error.code() == ErrorCode::kDataLoss ||
                    error.code() == ErrorCode::kResourceExhausted)
            << error.what();
      }
    }
  }
}

TEST(Webp, FilesOfFfmpeg) {
  if (!testing::HaveFfmpeg()) GTEST_SKIP() << "no ffmpeg";
  const testing::TemporaryFolder folder;
  const std::string input =
      "-f lavfi -i nullsrc=size=64x48:rate=25:duration=0.4,format=gbrp,"
      "geq=r=X*4:g=Y*5:b=N*20 ";
  for (const std::string encoder : {"libwebp", "libwebp_anim"}) {
    const auto path = folder / (encoder + ".webp");
    std::string arguments = input;
    arguments += "-pix_fmt bgra -lossless 1 -loop 0 -c:v " + encoder + ' ' + testing::Quoted(path);
    testing::Ffmpeg(arguments);
    const auto raw = folder / "raw.bgr";
    testing::Ffmpeg(input + "-pix_fmt bgr24 -f rawvideo " + testing::Quoted(raw));
    const Bytes pixels = ReadBytes(raw);
    const Reading reading = ReadAll(ReadBytes(path));
    ASSERT_EQ(reading.frames.size(), 10U) << encoder;
    for (size_t i = 0; i < 10; ++i) {
      EXPECT_NEAR(reading.seconds[i], 0.04 * static_cast<double>(i), 1e-9);
      const Bytes& frame = reading.frames[i].bytes();
      ASSERT_EQ(frame.size() * 10, pixels.size());
      EXPECT_EQ(std::memcmp(frame.data(), pixels.data() + i * frame.size(), frame.size()), 0)
          << encoder << ' ' << i;
    }
  }
}

}  // namespace
}  // namespace shadowtutor::video
