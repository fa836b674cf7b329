// The messages of Segment, the paper's naive offloading, as plain structs: the client sends every
// frame and the server returns its label map. The .proto file under proto/shadowtutor/v1 has the
// same fields and explains each of them.
#ifndef SHADOWTUTOR_WIRE_SEGMENT_H_
#define SHADOWTUTOR_WIRE_SEGMENT_H_

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "shadowtutor/types.h"
#include "wire/label_codec.h"
#include "wire/protocol.h"

namespace shadowtutor::wire {

enum class VideoCodec : uint8_t { kRaw, kJpeg, kH264 };

/// The client's first message.
struct SegmentHello {
  uint32_t protocol_version = kProtocolVersion;
  std::string client_version;
  FrameSize frame_size;  // of the source
  VideoCodec video_codec = VideoCodec::kJpeg;
  LabelCodec label_codec = LabelCodec::kPng;
  int in_flight = 1;  // unanswered frames that the client asks for, at least 1
};

/// The server's answer to SegmentHello.
struct SegmentWelcome {
  uint32_t protocol_version = kProtocolVersion;
  std::string server_version;
  std::string session_id;
  ClassList classes;
  int background = -1;
  VideoCodec video_codec = VideoCodec::kJpeg;  // the codec of the client's frames
  LabelCodec label_codec = LabelCodec::kPng;   // the codec of the server's labels
  int in_flight = 1;                           // unanswered frames that the server allows
  std::string teacher;                         // a description of the teacher
};

/// A frame to label.
struct SegmentFrame {
  uint64_t frame_index = 0;
  VideoCodec codec = VideoCodec::kJpeg;
  FrameSize size;
  std::vector<uint8_t> data;
};

/// The server's answer to a SegmentFrame.
struct SegmentLabels {
  uint64_t frame_index = 0;
  LabelCodec codec = LabelCodec::kPng;
  FrameSize size;
  std::vector<uint8_t> data;
  double teacher_ms = 0;  // time that the teacher took
  double codec_ms = 0;    // time that decoding the frame and encoding the labels took
};

using SegmentRequest = std::variant<SegmentHello, SegmentFrame>;
using SegmentReply = std::variant<SegmentWelcome, SegmentLabels, ErrorMessage>;

}  // namespace shadowtutor::wire

#endif  // SHADOWTUTOR_WIRE_SEGMENT_H_
