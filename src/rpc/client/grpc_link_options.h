// The options of a client's link to its server.
#ifndef SHADOWTUTOR_RPC_CLIENT_GRPC_LINK_OPTIONS_H_
#define SHADOWTUTOR_RPC_CLIENT_GRPC_LINK_OPTIONS_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "link/link_stats.h"
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
  std::chrono::milliseconds move_most = wire::kMoveMost;

  /// Called on the link's thread with a line of text for every change of the connection. May be
  /// empty.
  std::function<void(const std::string& line)> log;
};

using GrpcLinkStats = link::LinkStats;

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_CLIENT_GRPC_LINK_OPTIONS_H_
