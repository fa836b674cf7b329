// The options of a client's link to its server, and the totals of what it has done so far.
#ifndef SHADOWTUTOR_RPC_CLIENT_GRPC_LINK_OPTIONS_H_
#define SHADOWTUTOR_RPC_CLIENT_GRPC_LINK_OPTIONS_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "nn/network.h"
#include "rpc/client/endpoint.h"
#include "shadowtutor/types.h"
#include "wire/key_frame_encoder.h"
#include "wire/limits.h"
#include "wire/protocol.h"

namespace shadowtutor::rpc {

struct GrpcLinkOptions : Endpoint {
  FrameSize frame_size;  // of the source, for the server's information
  /// Key frames travel as JPEG when `make_encoder` has no encoder for this codec.
  wire::FrameCodec frame_codec = wire::FrameCodec::kJpeg;
  /// What encodes key frames, on the link's thread. It must have an encoder for JPEG. Empty:
  /// wire::MakeImageEncoder, so that the link itself needs no library of video codecs.
  wire::KeyFrameEncoderFactory make_encoder;
  wire::KeyFrameQuality quality;       // its `pictures` are replaced by those that the server wants
  std::optional<int> key_frame_bytes;  // instead of the server's KeyFramePictures::bytes
  bool takes_parts = true;             // whether a key frame may be answered by several updates
  wire::UpdateCodec update_codec = wire::UpdateCodec::kFp32;

  /// What the client starts with; null: the server's student.
  std::shared_ptr<const nn::Checkpoint> student;
  uint64_t version = 0;

  /// Whether to try again when the first connection fails. After the first welcome, the link always
  /// connects again.
  bool retry = false;
  std::chrono::milliseconds connect_timeout = wire::kConnectTimeout;
  std::chrono::milliseconds hello_timeout = wire::kHelloTimeout;
  std::chrono::milliseconds update_timeout = wire::kUpdateTimeout;
  std::chrono::milliseconds reconnect_first = wire::kReconnectFirst;
  std::chrono::milliseconds reconnect_most = wire::kReconnectMost;

  /// Called on the link's thread with a line of text for every change of the connection. May be
  /// empty.
  std::function<void(const std::string& line)> log;
};

/// Totals since the start. Bytes up and down are those of the serialized key frames and updates.
struct GrpcLinkStats {
  uint64_t key_frames = 0;
  uint64_t updates = 0;
  uint64_t bytes_up = 0;
  uint64_t bytes_down = 0;
  /// Of the students that travelled, either way, until the first session began. 0: the server knew
  /// the client's.
  uint64_t bytes_first_student = 0;
  uint64_t bytes_students = 0;  // messages with whole students that came, not in bytes_down
  double encode_ms = 0;         // time for encoding the key frames, in all
  double most_encode_ms = 0;    // and for the one that took longest
  uint64_t sessions = 0;        // connections that a server welcomed
  /// Why the last attempt to connect again failed, if the server refused this client (IsRefusal in
  /// rpc/client/link_errors.h); absent otherwise, and while there is a session.
  std::optional<Error> refusal;
  /// Whether the next key frame, if it travels as video, is predicted from none even if its size is
  /// that of the one before.
  bool next_begins_stream = true;
};

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_CLIENT_GRPC_LINK_OPTIONS_H_
