// Segment, the naive offloading of the paper, as plain structs: every frame goes up, its label map
// comes down. The .proto file under proto/shadowtutor/v1 has the same fields and says what each is
// for.
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

/// "raw", "jpeg", "h264", as on the command line.
constexpr const char* VideoCodecName(VideoCodec codec) {
  return codec == VideoCodec::kRaw ? "raw" : codec == VideoCodec::kJpeg ? "jpeg" : "h264";
}

struct SegmentHello {
  uint32_t protocol_version = kProtocolVersion;
  std::string client_version;
  FrameSize frame_size;  // of the source
  VideoCodec video_codec = VideoCodec::kJpeg;
  LabelCodec label_codec = LabelCodec::kPng;
  int in_flight = 1;  // frames unanswered at a time, at least 1
};

struct SegmentWelcome {
  uint32_t protocol_version = kProtocolVersion;
  std::string server_version;
  std::string session_id;
  ClassList classes;
  int background = -1;
  VideoCodec video_codec = VideoCodec::kJpeg;  // what the client shall send
  LabelCodec label_codec = LabelCodec::kPng;   // what the server will send
  int in_flight = 1;                           // what the server allows
  std::string teacher;
};

struct SegmentFrame {
  uint64_t frame_index = 0;
  VideoCodec codec = VideoCodec::kJpeg;
  FrameSize size;
  std::vector<uint8_t> data;
};

/// The answer to a frame.
struct SegmentLabels {
  uint64_t frame_index = 0;
  LabelCodec codec = LabelCodec::kPng;
  FrameSize size;
  std::vector<uint8_t> data;
  double teacher_ms = 0;
  double codec_ms = 0;  // unpacking the frame and packing the labels
};

using SegmentRequest = std::variant<SegmentHello, SegmentFrame>;
using SegmentReply = std::variant<SegmentWelcome, SegmentLabels, ErrorMessage>;

}  // namespace shadowtutor::wire

#endif  // SHADOWTUTOR_WIRE_SEGMENT_H_
