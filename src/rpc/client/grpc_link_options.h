// How a client's link to its server behaves, and what it has done so far.
#ifndef SHADOWTUTOR_RPC_CLIENT_GRPC_LINK_OPTIONS_H_
#define SHADOWTUTOR_RPC_CLIENT_GRPC_LINK_OPTIONS_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "nn/network.h"
#include "rpc/client/endpoint.h"
#include "shadowtutor/types.h"
#include "wire/limits.h"
#include "wire/protocol.h"

namespace shadowtutor::rpc {

struct GrpcLinkOptions : Endpoint {
  FrameSize frame_size;  // of the source, for the server's information
  wire::FrameCodec frame_codec = wire::FrameCodec::kJpeg;
  int jpeg_quality = 90;
  wire::UpdateCodec update_codec = wire::UpdateCodec::kFp32;

  /// What the client starts with; null: the server's student.
  std::shared_ptr<const nn::Checkpoint> student;
  uint64_t version = 0;

  /// Keep trying when the first connection fails, too. A lost one is always made anew.
  bool retry = false;
  std::chrono::milliseconds connect_timeout = wire::kConnectTimeout;
  std::chrono::milliseconds hello_timeout = wire::kHelloTimeout;
  std::chrono::milliseconds update_timeout = wire::kUpdateTimeout;
  std::chrono::milliseconds reconnect_first = wire::kReconnectFirst;
  std::chrono::milliseconds reconnect_most = wire::kReconnectMost;

  /// Gets a line whenever the connection changes, from the link's thread. May be empty.
  std::function<void(const std::string& line)> log;
};

/// Totals since the start. Bytes are those of the serialized key frames and updates.
struct GrpcLinkStats {
  uint64_t key_frames = 0;
  uint64_t updates = 0;
  uint64_t bytes_up = 0;
  uint64_t bytes_down = 0;
  uint64_t sessions = 0;  // connections that a server welcomed
};

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_CLIENT_GRPC_LINK_OPTIONS_H_
