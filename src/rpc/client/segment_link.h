// The client's link to a server that segments every frame (naive offloading), over one
// bidirectional gRPC stream. docs/protocol.md describes the protocol, wire/limits.h has every bound
// and deadline. This header does not include gRPC's.
#ifndef SHADOWTUTOR_RPC_CLIENT_SEGMENT_LINK_H_
#define SHADOWTUTOR_RPC_CLIENT_SEGMENT_LINK_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "rpc/client/endpoint.h"
#include "shadowtutor/types.h"
#include "wire/h264.h"
#include "wire/jpeg.h"
#include "wire/limits.h"
#include "wire/segment.h"

namespace shadowtutor::rpc {

struct SegmentLinkOptions : Endpoint {
  FrameSize frame_size;           // of the source, for the server's information
  double frames_per_second = 30;  // likewise, for H.264's rate control; 0: unknown
  wire::VideoCodec video_codec = wire::VideoCodec::kJpeg;
  wire::LabelCodec label_codec = wire::LabelCodec::kPng;
  int jpeg_quality = wire::kDefaultJpegQuality;
  int h264_crf = wire::kDefaultH264Crf;
  int in_flight = wire::kDefaultSegmentInFlight;  // frames that may be unanswered, 1 to
                                                  // wire::kMaxSegmentInFlight

  std::chrono::milliseconds connect_timeout = wire::kConnectTimeout;
  std::chrono::milliseconds hello_timeout = wire::kHelloTimeout;
  std::chrono::milliseconds answer_timeout = wire::kUpdateTimeout;
};

/// Bytes are those of the serialized frames and labels.
struct SegmentLinkStats {
  uint64_t frames = 0;
  uint64_t answers = 0;
  uint64_t bytes_up = 0;
  uint64_t bytes_down = 0;
  double waited_ms = 0;  // waiting for the server's messages
};

/// One connection. When it is lost, the unanswered frames are lost with it; the link does not
/// connect again.
///
/// Thread safety: one thread.
class SegmentLink {
 public:
  /// Begins to connect, and returns without waiting for the connection. Throws Error
  /// kInvalidArgument for options out of range, and as rpc::Check(Endpoint).
  explicit SegmentLink(SegmentLinkOptions options);
  /// Ends the session.
  ~SegmentLink();
  SegmentLink(const SegmentLink&) = delete;
  SegmentLink& operator=(const SegmentLink&) = delete;

  /// Waits for the server's welcome, at most `timeout`. Returns whether it has come. Throws Error
  /// when the server is not there, refuses the client, or does not answer by the deadline.
  bool WaitForWelcome(std::chrono::milliseconds timeout);
  /// Throws Error kFailedPrecondition before the welcome has come.
  const wire::SegmentWelcome& welcome() const;

  /// Whether Send may be called: fewer frames are unanswered than may be, and the previous one has
  /// been handed on.
  bool CanSend() const;
  /// Encodes a frame as the welcome says and sends it. Throws Error kFailedPrecondition unless
  /// CanSend.
  void Send(ImageView frame, uint64_t frame_index);
  /// The number of frames that were sent and not answered yet.
  int unanswered() const;

  struct Answer {
    uint64_t frame_index = 0;
    std::optional<LabelMap> labels;  // absent: the server failed on this frame, see `error`
    std::string error;
    double teacher_ms = 0;
    double codec_ms = 0;       // the server's, for frame and labels
    double round_trip_ms = 0;  // from Send to Receive
  };
  /// Returns the next answer; answers come in the order of the frames. Waits at most `timeout`.
  /// Returns nullopt after that time, and earlier when CanSend may have changed. Throws Error when
  /// the connection is lost or no answer came by the deadline.
  std::optional<Answer> Receive(std::chrono::milliseconds timeout);

  /// Whether the last error was none: the server has asked to connect again at once, because it
  /// wants to end or the session is old.
  bool moves() const;
  SegmentLinkStats stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_CLIENT_SEGMENT_LINK_H_
