#include "wire/image_encoder.h"

#include <gtest/gtest.h>

#include "core/testing/code_of.h"
#include "wire/jpeg.h"
#include "wire/testing/moving_scene.h"

namespace shadowtutor::wire {
namespace {

TEST(ImageEncoder, EncodesRawPixelsAndJpegOfTheQualityWanted) {
  const Image frame = MovingScene({64, 48}, 3);
  const auto raw = MakeImageEncoder(FrameCodec::kRaw, {});
  EXPECT_EQ(raw->codec(), FrameCodec::kRaw);
  EXPECT_EQ(raw->Encode(frame), PackRawFrame(frame));
  for (const int quality : {20, 90}) {
    const auto jpeg = MakeImageEncoder(FrameCodec::kJpeg, {.jpeg = quality});
    EXPECT_EQ(jpeg->codec(), FrameCodec::kJpeg);
    EXPECT_EQ(jpeg->Encode(frame), EncodeJpeg(frame, quality));
    jpeg->SetPictures({.bytes = 100});
    jpeg->Restart();
    EXPECT_EQ(jpeg->Encode(frame), EncodeJpeg(frame, quality)) << "each is a picture by itself";
  }
}

TEST(ImageEncoder, SaysThatItHasNoVideo) {
  for (const FrameCodec codec : {FrameCodec::kH264, FrameCodec::kVp9, FrameCodec::kAv1}) {
    EXPECT_EQ(CodeOf([&] { MakeImageEncoder(codec, {}); }), ErrorCode::kFailedPrecondition);
  }
}

TEST(ImageEncoder, RefusesWhatDoesNotExist) {
  EXPECT_EQ(CodeOf([] { MakeImageEncoder(FrameCodec::kJpeg, {.jpeg = 0}); }),
            ErrorCode::kInvalidArgument);
  const auto encoder = MakeImageEncoder(FrameCodec::kJpeg, {});
  EXPECT_EQ(CodeOf([&] { encoder->SetPictures({.coarsest_crf = 10}); }),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf([&] { encoder->Encode(ImageView()); }), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace shadowtutor::wire
