#include "messages/convert_segment.h"

#include <gtest/gtest.h>

#include <cmath>

#include "wire/limits.h"

namespace shadowtutor::messages {
namespace {

wire::SegmentRequest Travel(wire::SegmentRequest message) {
  return FromProto(ToProto(std::move(message)));
}
wire::SegmentReply Travel(wire::SegmentReply message) {
  return FromProto(ToProto(std::move(message)));
}

ErrorCode RefusalOf(v1::SegmentRequest message) {
  try {
    FromProto(std::move(message));
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "taken";
  return ErrorCode::kInternal;
}

ErrorCode RefusalOf(v1::SegmentReply message) {
  try {
    FromProto(std::move(message));
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "taken";
  return ErrorCode::kInternal;
}

TEST(ConvertSegment, HelloAndFrameTravel) {
  wire::SegmentHello hello;
  hello.client_version = "1.2";
  hello.frame_size = {1280, 720};
  hello.video_codec = wire::VideoCodec::kH264;
  hello.label_codec = wire::LabelCodec::kRle;
  hello.in_flight = 5;
  const auto request = Travel(wire::SegmentRequest(hello));
  const auto& arrived = std::get<wire::SegmentHello>(request);
  EXPECT_EQ(arrived.client_version, "1.2");
  EXPECT_EQ(arrived.frame_size, (FrameSize{1280, 720}));
  EXPECT_EQ(arrived.video_codec, wire::VideoCodec::kH264);
  EXPECT_EQ(arrived.label_codec, wire::LabelCodec::kRle);
  EXPECT_EQ(arrived.in_flight, 5);
  for (const auto codec :
       {wire::VideoCodec::kRaw, wire::VideoCodec::kJpeg, wire::VideoCodec::kH264}) {
    const auto message = Travel(
        wire::SegmentRequest(wire::SegmentFrame{7, codec, {3, 2}, std::vector<uint8_t>{1, 2, 3}}));
    const auto& frame = std::get<wire::SegmentFrame>(message);
    EXPECT_EQ(frame.frame_index, 7u);
    EXPECT_EQ(frame.codec, codec);
    EXPECT_EQ(frame.size, (FrameSize{3, 2}));
    EXPECT_EQ(frame.data, (std::vector<uint8_t>{1, 2, 3}));
  }
}

TEST(ConvertSegment, WelcomeLabelsAndErrorTravel) {
  wire::SegmentWelcome welcome;
  welcome.session_id = "s";
  welcome.classes = {{"thing", {1, 2, 3}}, {"background", {0, 0, 0}}};
  welcome.background = 1;
  welcome.video_codec = wire::VideoCodec::kRaw;
  welcome.in_flight = 8;
  welcome.teacher = "t";
  const auto reply = Travel(wire::SegmentReply(welcome));
  const auto& arrived = std::get<wire::SegmentWelcome>(reply);
  EXPECT_EQ(arrived.classes, welcome.classes);
  EXPECT_EQ(arrived.background, 1);
  EXPECT_EQ(arrived.video_codec, wire::VideoCodec::kRaw);
  EXPECT_EQ(arrived.in_flight, 8);
  EXPECT_EQ(arrived.teacher, "t");
  const auto second = Travel(wire::SegmentReply(
      wire::SegmentLabels{9, wire::LabelCodec::kRle, {4, 1}, {1, 7}, 44.5, 3.25}));
  const auto& labels = std::get<wire::SegmentLabels>(second);
  EXPECT_EQ(labels.frame_index, 9u);
  EXPECT_EQ(labels.codec, wire::LabelCodec::kRle);
  EXPECT_EQ(labels.size, (FrameSize{4, 1}));
  EXPECT_EQ(labels.data, (std::vector<uint8_t>{1, 7}));
  EXPECT_EQ(labels.teacher_ms, 44.5);
  EXPECT_EQ(labels.codec_ms, 3.25);
  const auto third = Travel(
      wire::SegmentReply(wire::ErrorMessage{ErrorCode::kNotFound, "no label", false, uint64_t{3}}));
  EXPECT_EQ(std::get<wire::ErrorMessage>(third).frame_index, 3u);
}

TEST(ConvertSegment, RefusesWhatASoundPartnerDoesNotSend) {
  EXPECT_EQ(RefusalOf(v1::SegmentRequest()), ErrorCode::kInvalidArgument);
  EXPECT_EQ(RefusalOf(v1::SegmentReply()), ErrorCode::kInvalidArgument);
  v1::SegmentRequest frame;
  frame.mutable_frame()->set_width(64);
  frame.mutable_frame()->set_height(48);
  EXPECT_EQ(RefusalOf(frame), ErrorCode::kInvalidArgument) << "no codec";
  frame.mutable_frame()->set_codec(static_cast<v1::VideoCodec>(99));
  EXPECT_EQ(RefusalOf(frame), ErrorCode::kInvalidArgument);
  frame.mutable_frame()->set_codec(v1::VIDEO_CODEC_RAW);
  frame.mutable_frame()->set_width(0);
  EXPECT_EQ(RefusalOf(frame), ErrorCode::kInvalidArgument);
  frame.mutable_frame()->set_width(1 << 30);
  EXPECT_EQ(RefusalOf(frame), ErrorCode::kInvalidArgument);
  v1::SegmentRequest hello;
  hello.mutable_hello()->set_protocol_version(wire::kProtocolVersion);
  hello.mutable_hello()->set_client_version(std::string(wire::kMaxTextBytes + 1, 'x'));
  EXPECT_EQ(RefusalOf(hello), ErrorCode::kInvalidArgument);
  v1::SegmentReply labels;
  labels.mutable_labels()->set_width(4);
  labels.mutable_labels()->set_height(4);
  labels.mutable_labels()->set_codec(v1::LABEL_CODEC_PNG);
  labels.mutable_labels()->set_teacher_ms(NAN);
  EXPECT_EQ(RefusalOf(labels), ErrorCode::kInvalidArgument);
  v1::SegmentReply welcome;
  welcome.mutable_welcome()->set_protocol_version(wire::kProtocolVersion);
  welcome.mutable_welcome()->set_background(3);
  EXPECT_EQ(RefusalOf(welcome), ErrorCode::kInvalidArgument);
}

TEST(ConvertSegment, WishesBecomeWhatEverybodyCanAndWhatThereMayBe) {
  v1::SegmentRequest request;
  request.mutable_hello()->set_protocol_version(wire::kProtocolVersion);
  request.mutable_hello()->set_video_codec(static_cast<v1::VideoCodec>(99));
  request.mutable_hello()->set_label_codec(static_cast<v1::LabelCodec>(99));
  auto hello = std::get<wire::SegmentHello>(FromProto(v1::SegmentRequest(request)));
  EXPECT_EQ(hello.video_codec, wire::VideoCodec::kJpeg);
  EXPECT_EQ(hello.label_codec, wire::LabelCodec::kPng);
  EXPECT_EQ(hello.in_flight, wire::kDefaultSegmentInFlight);
  request.mutable_hello()->set_in_flight(4'000'000'000);
  hello = std::get<wire::SegmentHello>(FromProto(v1::SegmentRequest(request)));
  EXPECT_EQ(hello.in_flight, wire::kMaxSegmentInFlight);
}

TEST(ConvertSegment, ReadsNothingButTheNumberOfAnotherProtocolVersion) {
  v1::SegmentRequest request;
  request.mutable_hello()->set_protocol_version(7);
  request.mutable_hello()->set_frame_width(1 << 30);
  EXPECT_EQ(std::get<wire::SegmentHello>(FromProto(std::move(request))).protocol_version, 7u);
}

}  // namespace
}  // namespace shadowtutor::messages
