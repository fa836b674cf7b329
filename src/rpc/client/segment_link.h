// The client's way to a server that segments every frame: naive offloading, over one bidirectional
// gRPC stream. docs/protocol.md tells the conversation, limits.h has every bound and deadline.
// gRPC's headers stay out of this one.
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
  double waited_ms = 0;  // for the server, within Receive
};

/// One connection. When it is lost, what was unanswered is lost with it.
///
/// Thread safety: one thread.
class SegmentLink {
 public:
  /// Begins to connect. Throws Error kInvalidArgument for options out of range, and as
  /// rpc::Check(Endpoint).
  explicit SegmentLink(SegmentLinkOptions options);
  /// Ends the session.
  ~SegmentLink();
  SegmentLink(const SegmentLink&) = delete;
  SegmentLink& operator=(const SegmentLink&) = delete;

  /// Waits for the server's welcome, at most `timeout`; whether it has come. Throws Error when the
  /// server is not there, refuses, or does not answer by its deadline.
  bool WaitForWelcome(std::chrono::milliseconds timeout);
  /// After the welcome.
  const wire::SegmentWelcome& welcome() const;

  /// Whether another frame may go out: few enough are unanswered, and the one before is on its way.
  bool CanSend() const;
  /// Encodes a frame as the welcome says and sends it. When CanSend.
  void Send(ImageView frame, uint64_t frame_index);
  int unanswered() const;

  struct Answer {
    uint64_t frame_index = 0;
    std::optional<LabelMap> labels;  // absent: the server could not do it, `error` says why
    std::string error;
    double teacher_ms = 0;
    double codec_ms = 0;       // the server's, for frame and labels
    double round_trip_ms = 0;  // from Send to here
  };
  /// The next answer; they come in the order of the frames. Waits at most `timeout`, and not longer
  /// than until CanSend may have changed; nullopt then. Throws Error when the connection is lost
  /// or no answer came by its deadline.
  std::optional<Answer> Receive(std::chrono::milliseconds timeout);

  SegmentLinkStats stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_CLIENT_SEGMENT_LINK_H_
