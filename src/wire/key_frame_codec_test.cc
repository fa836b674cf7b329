#include "wire/key_frame_codec.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/testing/code_of.h"
#include "wire/codec_names.h"
#include "wire/testing/moving_scene.h"

namespace shadowtutor::wire {
namespace {

// A bright disc before a pattern.
Image Scene(FrameSize size, int at) {
  Image frame(size.width, size.height);
  for (int y = 0; y < size.height; ++y) {
    for (int x = 0; x < size.width; ++x) {
      const bool disc = std::hypot(x - at, y - size.height / 2) < size.height / 4.0;
      for (int c = 0; c < 3; ++c) {
        frame.row(y)[3 * x + c] = disc ? 230 : static_cast<uint8_t>(40 + 8 * ((x / 8 + y / 8) % 9));
      }
    }
  }
  return frame;
}

TEST(KeyFrameCodec, EveryCodecBringsTheFramesBack) {
  for (const std::string& name : FrameCodecNames()) {
    const FrameCodec codec = ParseFrameCodec(name);
    const auto encoder = MakeKeyFrameEncoder(codec, {});
    KeyFrameDecoder decoder;
    for (int i = 0; i < 5; ++i) {
      // Odd, and another size from the fourth on.
      const Image frame = Scene(i < 3 ? FrameSize{161, 91} : FrameSize{120, 90}, 30 + 10 * i);
      const auto bytes = encoder->Encode(frame);
      const Image decoded = decoder.Decode(codec, bytes, frame.size());
      ASSERT_EQ(decoded.size(), frame.size()) << name;
      EXPECT_LT(MeanDifference(decoded, frame), codec == FrameCodec::kRaw ? 1e-9 : 6) << name;
    }
  }
}

constexpr FrameCodec kVideo[] = {FrameCodec::kH264, FrameCodec::kVp9, FrameCodec::kAv1};

TEST(KeyFrameCodec, VideoIsPredictedFromTheKeyFrameBefore) {
  for (const FrameCodec codec : kVideo) {
    const auto encoder = MakeKeyFrameEncoder(codec, {});
    const FrameSize size{320, 180};
    const size_t first = encoder->Encode(Scene(size, 100)).size();
    EXPECT_LT(encoder->Encode(Scene(size, 104)).size(), first / 2) << NameOf(codec);
    encoder->Restart();
    EXPECT_GT(encoder->Encode(Scene(size, 108)).size(), first / 2) << NameOf(codec);
  }
}

TEST(KeyFrameCodec, AMissingKeyFrameIsNoticedAndMended) {
  const FrameSize size{320, 180};
  for (const FrameCodec codec : kVideo) {
    const auto encoder = MakeKeyFrameEncoder(codec, {});
    KeyFrameDecoder decoder;
    decoder.Decode(codec, encoder->Encode(Scene(size, 60)), size);
    encoder->Encode(Scene(size, 90));  // is lost
    EXPECT_EQ(CodeOf([&] { decoder.Decode(codec, encoder->Encode(Scene(size, 120)), size); }),
              ErrorCode::kDataLoss);
    EXPECT_EQ(CodeOf([&] { decoder.Decode(codec, encoder->Encode(Scene(size, 130)), size); }),
              ErrorCode::kDataLoss);
    encoder->Restart();
    const Image frame = Scene(size, 140);
    EXPECT_LT(MeanDifference(decoder.Decode(codec, encoder->Encode(frame), size), frame), 6)
        << NameOf(codec);
  }
}

// The sequence number alone would fit.
TEST(KeyFrameCodec, AStreamHasOneCodec) {
  const FrameSize size{320, 180};
  for (const FrameCodec codec : kVideo) {
    for (const FrameCodec other : kVideo) {
      if (other == codec) continue;
      const auto encoder = MakeKeyFrameEncoder(codec, {}), others = MakeKeyFrameEncoder(other, {});
      KeyFrameDecoder decoder;
      decoder.Decode(codec, encoder->Encode(Scene(size, 60)), size);
      others->Encode(Scene(size, 60));
      EXPECT_EQ(CodeOf([&] { decoder.Decode(other, others->Encode(Scene(size, 70)), size); }),
                ErrorCode::kDataLoss);
      EXPECT_EQ(CodeOf([&] { decoder.Decode(other, encoder->Encode(Scene(size, 70)), size); }),
                ErrorCode::kDataLoss);
    }
  }
}

TEST(KeyFrameCodec, TheFirstKeyFrameKeepsToItsBytes) {
  const FrameSize size{320, 180};
  for (const FrameCodec codec : kVideo) {
    const size_t free = MakeKeyFrameEncoder(codec, {})->Encode(Scene(size, 60)).size();
    KeyFrameQuality quality;
    quality.most_first_bytes = free * 2 / 3;
    const auto bounded = MakeKeyFrameEncoder(codec, quality);
    KeyFrameDecoder decoder;
    const auto payload = bounded->Encode(Scene(size, 60));
    EXPECT_LE(payload.size(), quality.most_first_bytes) << NameOf(codec);
    EXPECT_EQ(decoder.Decode(codec, payload, size).size(), size);
    EXPECT_EQ(decoder.Decode(codec, bounded->Encode(Scene(size, 64)), size).size(), size);
  }
}

TEST(KeyFrameCodec, KeepsToWhatIsWantedWithinItsRateFactors) {
  const FrameSize size{320, 180};
  const distill::KeyFramePictures fine{.bytes = 100'000, .first_bytes = 1'000'000};
  const distill::KeyFramePictures coarse{.bytes = 100, .first_bytes = 100, .coarsest_crf = 51};
  const distill::KeyFramePictures bounded{.bytes = 100, .first_bytes = 100, .coarsest_crf = 28};
  const auto first = [&](const distill::KeyFramePictures& pictures) {
    return MakeKeyFrameEncoder(FrameCodec::kH264, {.pictures = pictures})
        ->Encode(Scene(size, 60))
        .size();
  };
  EXPECT_LT(first(coarse), first(bounded));
  EXPECT_LT(first(bounded), first(fine));
  // What is wanted may change in the middle of a stream, and is soon followed.
  const auto encoder = MakeKeyFrameEncoder(FrameCodec::kH264, {.pictures = fine});
  const auto later = [&](int from) {
    size_t bytes = 0;
    for (int i = 0; i < 6; ++i) bytes = encoder->Encode(Scene(size, 60 + 10 * (from + i))).size();
    return bytes;
  };
  const size_t before = later(0);
  encoder->SetPictures(coarse);
  EXPECT_LT(later(6), before / 2);
  const auto budgeted =
      MakeKeyFrameEncoder(FrameCodec::kH264, {.pictures = fine, .most_later_bytes = 100});
  size_t last = 0;
  for (int i = 0; i < 12; ++i) last = budgeted->Encode(Scene(size, 60 + 10 * i)).size();
  EXPECT_LT(last, before / 2);
  EXPECT_EQ(CodeOf([&] { encoder->SetPictures({.coarsest_crf = 10}); }),
            ErrorCode::kInvalidArgument);
}

// However coarse the key frames before were: what does not move would stay like that.
TEST(KeyFrameCodec, EveryStreamBeginsWithAGoodPicture) {
  const FrameSize size{320, 180};
  for (const FrameCodec codec : kVideo) {
    const size_t first = MakeKeyFrameEncoder(codec, {})->Encode(Scene(size, 60)).size();
    const auto encoder = MakeKeyFrameEncoder(codec, {.pictures = {.bytes = 100}});
    EXPECT_EQ(encoder->Encode(Scene(size, 60)).size(), first) << NameOf(codec);
    for (int i = 0; i < 4; ++i) encoder->Encode(Scene(size, 60 + 10 * i));
    encoder->Restart();
    EXPECT_EQ(encoder->Encode(Scene(size, 60)).size(), first) << NameOf(codec);
  }
}

TEST(KeyFrameCodec, ThisSystemHasWhatDebianHas) {
  for (const std::string& name : FrameCodecNames()) {
    std::string why;
    EXPECT_TRUE(CanEncode(ParseFrameCodec(name), &why)) << why;
    EXPECT_TRUE(CanDecode(ParseFrameCodec(name), &why)) << why;
  }
}

TEST(KeyFrameCodec, RefusesQualitiesThatDoNotExist) {
  EXPECT_EQ(CodeOf([] { MakeKeyFrameEncoder(FrameCodec::kJpeg, {.jpeg = 0}); }),
            ErrorCode::kInvalidArgument);
  for (const FrameCodec codec : kVideo) {
    EXPECT_EQ(CodeOf([&] { MakeKeyFrameEncoder(codec, {.crf = 52}); }),
              ErrorCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace shadowtutor::wire
