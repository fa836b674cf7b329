#include "messages/convert_segment.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "messages/convert_fields.h"
#include "messages/errors.h"
#include "wire/limits.h"

namespace shadowtutor::messages {
namespace {

v1::VideoCodec ToProto(wire::VideoCodec codec) {
  switch (codec) {
    case wire::VideoCodec::kRaw:
      return v1::VIDEO_CODEC_RAW;
    case wire::VideoCodec::kH264:
      return v1::VIDEO_CODEC_H264;
    case wire::VideoCodec::kJpeg:
      break;
  }
  return v1::VIDEO_CODEC_JPEG;
}

v1::LabelCodec ToProto(wire::LabelCodec codec) {
  switch (codec) {
    case wire::LabelCodec::kRle:
      return v1::LABEL_CODEC_RLE;
    case wire::LabelCodec::kCoded:
      return v1::LABEL_CODEC_CODED;
    case wire::LabelCodec::kPng:
      break;
  }
  return v1::LABEL_CODEC_PNG;
}

// nullopt: a codec that this version does not know.
std::optional<wire::VideoCodec> KnownCodec(v1::VideoCodec codec) {
  switch (codec) {
    case v1::VIDEO_CODEC_RAW:
      return wire::VideoCodec::kRaw;
    case v1::VIDEO_CODEC_JPEG:
      return wire::VideoCodec::kJpeg;
    case v1::VIDEO_CODEC_H264:
      return wire::VideoCodec::kH264;
    default:
      return std::nullopt;
  }
}

std::optional<wire::LabelCodec> KnownCodec(v1::LabelCodec codec) {
  switch (codec) {
    case v1::LABEL_CODEC_PNG:
      return wire::LabelCodec::kPng;
    case v1::LABEL_CODEC_RLE:
      return wire::LabelCodec::kRle;
    case v1::LABEL_CODEC_CODED:
      return wire::LabelCodec::kCoded;
    default:
      return std::nullopt;
  }
}

// For wishes: an unknown codec becomes one that every peer supports.
wire::VideoCodec WishedCodec(v1::VideoCodec codec) {
  return KnownCodec(codec).value_or(wire::VideoCodec::kJpeg);
}

wire::LabelCodec WishedCodec(v1::LabelCodec codec) {
  return KnownCodec(codec).value_or(wire::LabelCodec::kPng);
}

// For data that is packed already: an unknown codec is an error.
wire::VideoCodec UsedCodec(v1::VideoCodec codec) {
  if (const auto known = KnownCodec(codec)) return *known;
  Refuse("the frame is packed by a codec that this version does not know (number " +
         std::to_string(codec) + "); use raw, JPEG or H.264");
}

wire::LabelCodec UsedCodec(v1::LabelCodec codec) {
  if (const auto known = KnownCodec(codec)) return *known;
  Refuse("the labels are packed by a codec that this version does not know (number " +
         std::to_string(codec) + "); update the client");
}

int InFlight(uint32_t wished) {
  if (wished == 0) return wire::kDefaultSegmentInFlight;
  return static_cast<int>(std::min(wished, static_cast<uint32_t>(wire::kMaxSegmentInFlight)));
}

v1::SegmentHello ToProto(wire::SegmentHello hello) {
  v1::SegmentHello to;
  to.set_protocol_version(hello.protocol_version);
  to.set_client_version(std::move(hello.client_version));
  to.set_frame_width(static_cast<uint32_t>(hello.frame_size.width));
  to.set_frame_height(static_cast<uint32_t>(hello.frame_size.height));
  to.set_video_codec(ToProto(hello.video_codec));
  to.set_label_codec(ToProto(hello.label_codec));
  to.set_in_flight(static_cast<uint32_t>(std::max(hello.in_flight, 0)));
  return to;
}

wire::SegmentHello FromProto(const v1::SegmentHello& from) {
  wire::SegmentHello hello;
  hello.protocol_version = from.protocol_version();
  // In another version the fields may have other meanings. They are not read, so that the client is
  // refused for its version and not for a field.
  if (hello.protocol_version != wire::kProtocolVersion) return hello;
  hello.client_version = Text(from.client_version(), "client version");
  hello.frame_size = Size(from.frame_width(), from.frame_height(), true);
  hello.video_codec = WishedCodec(from.video_codec());
  hello.label_codec = WishedCodec(from.label_codec());
  hello.in_flight = InFlight(from.in_flight());
  return hello;
}

v1::SegmentWelcome ToProto(wire::SegmentWelcome welcome) {
  v1::SegmentWelcome to;
  to.set_protocol_version(welcome.protocol_version);
  to.set_server_version(std::move(welcome.server_version));
  to.set_session_id(std::move(welcome.session_id));
  PutClasses(welcome.classes, to);
  if (welcome.background >= 0) to.set_background(static_cast<uint32_t>(welcome.background));
  to.set_video_codec(ToProto(welcome.video_codec));
  to.set_label_codec(ToProto(welcome.label_codec));
  to.set_in_flight(static_cast<uint32_t>(welcome.in_flight));
  to.set_teacher(std::move(welcome.teacher));
  return to;
}

wire::SegmentWelcome FromProto(const v1::SegmentWelcome& from) {
  wire::SegmentWelcome welcome;
  welcome.protocol_version = from.protocol_version();
  if (welcome.protocol_version != wire::kProtocolVersion) return welcome;
  welcome.server_version = ShownText(from.server_version(), "server version");
  welcome.session_id = ShownText(from.session_id(), "session id");
  welcome.classes = TakeClasses(from.classes());
  if (from.has_background()) {
    if (from.background() >= welcome.classes.size()) {
      Refuse("the message's background is not among its classes");
    }
    welcome.background = static_cast<int>(from.background());
  }
  welcome.video_codec = WishedCodec(from.video_codec());
  welcome.label_codec = WishedCodec(from.label_codec());
  welcome.in_flight = InFlight(from.in_flight());
  welcome.teacher = ShownText(from.teacher(), "teacher's description");
  return welcome;
}

v1::SegmentFrame ToProto(const wire::SegmentFrame& frame) {
  v1::SegmentFrame to;
  to.set_frame_index(frame.frame_index);
  to.set_codec(ToProto(frame.codec));
  to.set_width(static_cast<uint32_t>(frame.size.width));
  to.set_height(static_cast<uint32_t>(frame.size.height));
  to.set_data(ToBytes(frame.data));
  return to;
}

wire::SegmentFrame FromProto(const v1::SegmentFrame& from) {
  return {.frame_index = from.frame_index(),
          .codec = UsedCodec(from.codec()),
          .size = Size(from.width(), from.height(), false),
          .data = FromBytes(from.data())};
}

v1::SegmentLabels ToProto(const wire::SegmentLabels& labels) {
  v1::SegmentLabels to;
  to.set_frame_index(labels.frame_index);
  to.set_codec(ToProto(labels.codec));
  to.set_width(static_cast<uint32_t>(labels.size.width));
  to.set_height(static_cast<uint32_t>(labels.size.height));
  to.set_data(ToBytes(labels.data));
  to.set_teacher_ms(labels.teacher_ms);
  to.set_codec_ms(labels.codec_ms);
  return to;
}

wire::SegmentLabels FromProto(const v1::SegmentLabels& from) {
  return {.frame_index = from.frame_index(),
          .codec = UsedCodec(from.codec()),
          .size = Size(from.width(), from.height(), false),
          .data = FromBytes(from.data()),
          .teacher_ms = Duration(from.teacher_ms()),
          .codec_ms = Duration(from.codec_ms())};
}

}  // namespace

v1::SegmentRequest ToProto(wire::SegmentRequest message) {
  v1::SegmentRequest to;
  if (auto* hello = std::get_if<wire::SegmentHello>(&message)) {
    *to.mutable_hello() = ToProto(std::move(*hello));
  } else {
    *to.mutable_frame() = ToProto(std::get<wire::SegmentFrame>(message));
  }
  return to;
}

v1::SegmentReply ToProto(wire::SegmentReply message) {
  v1::SegmentReply to;
  if (auto* welcome = std::get_if<wire::SegmentWelcome>(&message)) {
    *to.mutable_welcome() = ToProto(std::move(*welcome));
  } else if (auto* labels = std::get_if<wire::SegmentLabels>(&message)) {
    *to.mutable_labels() = ToProto(*labels);
  } else {
    *to.mutable_error() = ToProto(std::move(std::get<wire::ErrorMessage>(message)));
  }
  return to;
}

wire::SegmentRequest FromProto(v1::SegmentRequest&& message) {
  const v1::SegmentRequest from = std::move(message);
  switch (from.message_case()) {
    case v1::SegmentRequest::kHello:
      return FromProto(from.hello());
    case v1::SegmentRequest::kFrame:
      return FromProto(from.frame());
    default:
      Refuse(
          "the client sent a message of a kind that this server does not know; use releases that "
          "fit each other");
  }
}

wire::SegmentReply FromProto(v1::SegmentReply&& message) {
  const v1::SegmentReply from = std::move(message);
  switch (from.message_case()) {
    case v1::SegmentReply::kWelcome:
      return FromProto(from.welcome());
    case v1::SegmentReply::kLabels:
      return FromProto(from.labels());
    case v1::SegmentReply::kError:
      return FromProto(from.error());
    default:
      Refuse(
          "the server sent a message of a kind that this client does not know; use releases that "
          "fit each other");
  }
}

}  // namespace shadowtutor::messages
