#include "wire/video_coder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "core/testing/code_of.h"
#include "wire/codec_names.h"
#include "wire/testing/moving_scene.h"
#include "wire/testing/refusal.h"

namespace shadowtutor::wire {
namespace {

constexpr FrameSize kSize{64, 48};
constexpr double kCrf = 23;

class VideoCoder : public testing::TestWithParam<FrameCodec> {
 protected:
  static VideoEncoder Encoder(FrameSize size = kSize, double crf = kCrf) {
    return VideoEncoder(GetParam(), size, crf);
  }
  // A key frame and those that follow it.
  static std::vector<std::vector<uint8_t>> Units(int count) {
    VideoEncoder encoder = Encoder();
    std::vector<std::vector<uint8_t>> units;
    for (int i = 0; i < count; ++i) units.push_back(encoder.Encode(MovingScene(kSize, 4 * i)));
    return units;
  }
  // Any bytes give either a frame of the declared size or an Error.
  void Feed(VideoDecoder& decoder, std::span<const uint8_t> unit) {
    if (Refusal(decoder, unit, kSize).empty()) {
      ++decoded_;
    } else {
      ++refused_;
    }
  }

  int decoded_ = 0, refused_ = 0;
};

INSTANTIATE_TEST_SUITE_P(, VideoCoder,
                         testing::Values(FrameCodec::kH264, FrameCodec::kVp9, FrameCodec::kAv1),
                         [](const auto& instance) { return NameOf(instance.param); });

TEST_P(VideoCoder, EachFrameIsOneAccessUnitAndComesBackNearlyAsItWas) {
  for (const FrameSize size : {FrameSize{96, 64}, FrameSize{61, 47}, FrameSize{1, 1}}) {
    VideoEncoder encoder = Encoder(size, 18);
    VideoDecoder decoder(GetParam());
    for (int i = 0; i < 12; ++i) {
      const Image image = MovingScene(size, i);
      const auto unit = encoder.Encode(image);
      EXPECT_LE(unit.size(), MaxAccessUnitBytes(size));
      EXPECT_LT(MeanDifference(decoder.Decode(unit, size), image), 8) << size.width << " " << i;
    }
  }
}

TEST_P(VideoCoder, WhatStandsStillCostsLittleAndTheRateFactorCounts) {
  const FrameSize size{320, 240};
  const auto bytes = [&](int crf) {
    VideoEncoder encoder(GetParam(), size, crf, 25);
    size_t sum = 0;
    for (int i = 0; i < 10; ++i) sum += encoder.Encode(MovingScene(size, 5 * i)).size();
    return sum;
  };
  EXPECT_LT(bytes(35), bytes(18));
  VideoEncoder encoder = Encoder(size);
  const Image image = MovingScene(size, 0);
  const size_t first = encoder.Encode(image).size();
  encoder.Encode(image);  // it may make the picture sharper
  EXPECT_LT(encoder.Encode(image).size(), first / 2);
}

TEST_P(VideoCoder, TheFirstFrameHasTheRateFactorThatWasSetLast) {
  const FrameSize size{320, 240};
  const Image image = MovingScene(size, 0);
  const size_t fine = Encoder(size, 18).Encode(image).size();
  VideoEncoder changed = Encoder(size, 18);
  changed.SetCrf(36);
  EXPECT_LT(changed.Encode(image).size(), fine);
}

TEST_P(VideoCoder, LaterRateFactorsCountWhereTheCodecChangesThem) {
  const FrameSize size{320, 240};
  std::mt19937 random(3);
  Image noise(size.width, size.height);
  for (uint8_t& value : noise.bytes()) value = static_cast<uint8_t>(random() % 64);
  const auto second = [&](double crf) {
    VideoEncoder encoder = Encoder(size, 24);
    encoder.Encode(MovingScene(size, 0));
    encoder.SetCrf(crf);
    return encoder.Encode(noise).size();
  };
  EXPECT_EQ(Encoder().ChangesCrf(), GetParam() != FrameCodec::kAv1);
  if (Encoder().ChangesCrf()) {
    EXPECT_LT(second(30), second(22));
  } else {
    EXPECT_EQ(second(30), second(22));
  }
}

TEST_P(VideoCoder, TheSameFramesGiveTheSameBytes) { EXPECT_EQ(Units(3), Units(3)); }

TEST_P(VideoCoder, TakesPaddedRows) {
  const Image image = MovingScene(kSize, 3);
  const ImageView inner(image.row(0), 32, 48, 64 * 3);
  EXPECT_EQ(Encoder({32, 48}).Encode(inner), Encoder({32, 48}).Encode(Image(inner)));
}

TEST_P(VideoCoder, RefusesWhatItCannotEncode) {
  EXPECT_EQ(CodeOf([] { Encoder({0, 48}); }), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf([] { Encoder({100000, 48}); }), ErrorCode::kResourceExhausted);
  EXPECT_EQ(CodeOf([] { Encoder(kSize, 52); }), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf([] { Encoder(kSize, -1); }), ErrorCode::kInvalidArgument);
  VideoEncoder encoder = Encoder();
  EXPECT_EQ(CodeOf([&] { encoder.SetCrf(52); }), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf([&] { encoder.Encode(MovingScene({48, 64}, 0)); }), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf([&] { encoder.Encode(ImageView()); }), ErrorCode::kInvalidArgument);
}

TEST_P(VideoCoder, BeginsAtKeyFramesOnlyAndGoesOnAtTheNextOne) {
  VideoEncoder encoder = Encoder();
  encoder.Encode(MovingScene(kSize, 0));
  const auto second = encoder.Encode(MovingScene(kSize, 1));
  VideoDecoder decoder(GetParam());
  EXPECT_NE(Refusal(decoder, second, kSize), "");
  encoder.ForceKeyFrame();
  const Image third = MovingScene(kSize, 2);
  EXPECT_LT(MeanDifference(decoder.Decode(encoder.Encode(third), kSize), third), 8);
}

TEST_P(VideoCoder, RefusesAnotherSizeThanDeclared) {
  const auto units = Units(2);
  VideoDecoder decoder(GetParam());
  for (const FrameSize size : {FrameSize{48, 64}, FrameSize{64, 46}, FrameSize{32, 16}}) {
    EXPECT_NE(Refusal(decoder, units[0], size), "");
  }
  EXPECT_THROW(decoder.Decode(units[0], {0, 0}), Error);
  EXPECT_THROW(decoder.Decode(units[0], {100000, 100000}), Error);
  EXPECT_EQ(decoder.Decode(units[0], {63, 47}).size(), (FrameSize{63, 47})) << "padding is cut off";
  EXPECT_NE(Refusal(decoder, units[1], {96, 80}), "") << "in mid-stream";
}

TEST_P(VideoCoder, AStreamMayChangeItsSize) {
  VideoDecoder decoder(GetParam());
  for (const FrameSize size : {kSize, FrameSize{96, 80}, kSize}) {
    const Image image = MovingScene(size, 1);
    EXPECT_LT(MeanDifference(decoder.Decode(Encoder(size).Encode(image), size), image), 8);
  }
}

// FFmpeg's VP9 decoder takes what follows a frame without an index for a part of it, so there a
// second picture costs nothing; the others are seen.
TEST_P(VideoCoder, AUnitWithTwoPicturesGivesAtMostOne) {
  const auto units = Units(2);
  std::vector<uint8_t> both = units[0];
  both.insert(both.end(), units[1].begin(), units[1].end());
  VideoDecoder decoder(GetParam());
  if (GetParam() == FrameCodec::kVp9) {
    Feed(decoder, both);
    VideoDecoder other(GetParam());
    EXPECT_EQ(other.Decode(units[0], kSize).size(), kSize);
  } else {
    EXPECT_NE(Refusal(decoder, both, kSize), "");
  }
}

TEST_P(VideoCoder, RefusesWhatIsNoPicture) {
  VideoDecoder decoder(GetParam());
  EXPECT_NE(Refusal(decoder, {}, kSize), "");
  EXPECT_NE(Refusal(decoder, std::vector<uint8_t>(500, 0), kSize), "");
  EXPECT_NE(Refusal(decoder, std::vector<uint8_t>(MaxAccessUnitBytes(kSize) + 1, 7), kSize), "");
}

TEST_P(VideoCoder, SurvivesEveryTruncationAndDamageToEveryByte) {
  const auto units = Units(2);
  std::mt19937 random(11);
  VideoDecoder decoder(GetParam());
  for (size_t which = 0; which < units.size(); ++which) {
    const std::vector<uint8_t>& unit = units[which];
    const size_t step = std::max<size_t>(unit.size() / 300, 1);
    for (size_t at = 0; at < unit.size(); at += step) {
      if (which > 0) decoder.Decode(units[0], kSize);
      Feed(decoder, std::span(unit).first(at));
      auto flipped = unit;
      flipped[at] ^= static_cast<uint8_t>(1 << random() % 8);
      if (which > 0) decoder.Decode(units[0], kSize);
      Feed(decoder, flipped);
      auto cleared = unit;
      std::fill(cleared.begin() + static_cast<ptrdiff_t>(at),
                cleared.begin() + static_cast<ptrdiff_t>(std::min(at + 8, unit.size())),
                static_cast<uint8_t>(random()));
      if (which > 0) decoder.Decode(units[0], kSize);
      Feed(decoder, cleared);
    }
  }
  EXPECT_GT(decoded_, 20);
  EXPECT_GT(refused_, 20);
}

// Also units of the same stream in any order, each on what the last one left.
TEST_P(VideoCoder, SurvivesDamageInMidStream) {
  const auto units = Units(4);
  std::mt19937 random(7);
  VideoDecoder decoder(GetParam());
  for (int round = 0; round < 1000; ++round) {
    auto unit = units[random() % units.size()];
    const int flips = static_cast<int>(random() % 4);
    for (int i = 0; i < flips; ++i) unit[random() % unit.size()] = static_cast<uint8_t>(random());
    if (random() % 4 == 0) unit.resize(random() % unit.size());
    Feed(decoder, unit);
  }
  EXPECT_GT(decoded_, 100);
  EXPECT_GT(refused_, 100);
}

TEST(VideoCoders, OnlyVideoCodecsAreTaken) {
  EXPECT_EQ(CodeOf([] { VideoEncoder(FrameCodec::kJpeg, kSize, kCrf); }),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf([] { VideoDecoder{FrameCodec::kRaw}; }), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf([] { VideoDecoder(FrameCodec::kH264, "libdav1d"); }),
            ErrorCode::kFailedPrecondition);
}

// At the same rate factor the codecs are about as good as each other: within 2.5 dB of x264's
// PSNR, 1.3 times its error.
TEST(VideoCoders, RateFactorsMeanTheSameQuality) {
  const FrameSize size{320, 240};
  const auto picture = [&](int index) {
    Image image = MovingScene(size, 3 * index);
    std::mt19937 random(5);
    for (uint8_t& value : image.bytes()) value = static_cast<uint8_t>(value + random() % 24);
    return image;
  };
  const auto difference = [&](FrameCodec codec, double crf) {
    VideoEncoder encoder(codec, size, crf);
    VideoDecoder decoder(codec);
    double sum = 0;
    for (int i = 0; i < 4; ++i) {
      const Image image = picture(i);
      sum += MeanDifference(decoder.Decode(encoder.Encode(image), size), image);
    }
    return sum;
  };
  for (const double crf : {22.0, 26.0, 30.0}) {
    const double h264 = difference(FrameCodec::kH264, crf);
    for (const FrameCodec codec : {FrameCodec::kVp9, FrameCodec::kAv1}) {
      EXPECT_LT(difference(codec, crf), 1.3 * h264) << NameOf(codec) << " " << crf;
      EXPECT_GT(difference(codec, crf), h264 / 1.3) << NameOf(codec) << " " << crf;
    }
  }
}

}  // namespace
}  // namespace shadowtutor::wire
