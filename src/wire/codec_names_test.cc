#include "wire/codec_names.h"

#include <gtest/gtest.h>

#include "shadowtutor/types.h"

namespace shadowtutor::wire {
namespace {

TEST(CodecNames, AreReadBack) {
  for (const std::string& name : FrameCodecNames()) EXPECT_EQ(NameOf(ParseFrameCodec(name)), name);
  for (const std::string& name : UpdateCodecNames()) {
    EXPECT_EQ(NameOf(ParseUpdateCodec(name)), name);
  }
  for (const std::string& name : VideoCodecNames()) EXPECT_EQ(NameOf(ParseVideoCodec(name)), name);
  for (const std::string& name : LabelCodecNames()) EXPECT_EQ(NameOf(ParseLabelCodec(name)), name);
}

TEST(CodecNames, BelongToTheirCodecs) {
  EXPECT_STREQ(NameOf(FrameCodec::kRaw), "raw");
  EXPECT_STREQ(NameOf(FrameCodec::kJpeg), "jpeg");
  EXPECT_STREQ(NameOf(FrameCodec::kH264), "h264");
  EXPECT_STREQ(NameOf(FrameCodec::kVp9), "vp9");
  EXPECT_STREQ(NameOf(FrameCodec::kAv1), "av1");
  EXPECT_STREQ(NameOf(UpdateCodec::kFp32), "fp32");
  EXPECT_STREQ(NameOf(UpdateCodec::kFp16), "fp16");
  EXPECT_STREQ(NameOf(VideoCodec::kRaw), "raw");
  EXPECT_STREQ(NameOf(VideoCodec::kJpeg), "jpeg");
  EXPECT_STREQ(NameOf(VideoCodec::kH264), "h264");
  EXPECT_STREQ(NameOf(LabelCodec::kPng), "png");
  EXPECT_STREQ(NameOf(LabelCodec::kRle), "rle");
}

TEST(CodecNames, AnUnknownNameIsToldWhatThereIs) {
  try {
    ParseFrameCodec("webp");
    FAIL() << "a codec that does not exist was found";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(std::string(error.what()).find("raw, jpeg"), std::string::npos) << error.what();
  }
  EXPECT_THROW(ParseUpdateCodec(""), Error);
  EXPECT_THROW(ParseVideoCodec("png"), Error);
  EXPECT_THROW(ParseLabelCodec("jpeg"), Error);
}

}  // namespace
}  // namespace shadowtutor::wire
