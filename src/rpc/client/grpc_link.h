// The client's way to a server: client::ServerLink over one bidirectional gRPC stream.
//
// A thread of its own connects, encodes key frames, takes in what comes, and connects again with
// growing pauses when the connection is lost; the client's thread only leaves frames and fetches
// updates. docs/protocol.md tells the conversation, limits.h has every bound and deadline.
// gRPC's headers stay out of this one.
#ifndef SHADOWTUTOR_RPC_CLIENT_GRPC_LINK_H_
#define SHADOWTUTOR_RPC_CLIENT_GRPC_LINK_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "client/server_link.h"
#include "nn/network.h"
#include "rpc/client/endpoint.h"
#include "wire/limits.h"
#include "shadowtutor/types.h"
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

/// Thread safety: the ServerLink part as there; the rest from any thread.
class GrpcLink final : public client::ServerLink {
 public:
  /// Begins to connect. Throws Error kInvalidArgument for plain text to an address that others can
  /// reach (unless `insecure`) or options out of range, and what MakeChannelCredentials throws.
  explicit GrpcLink(GrpcLinkOptions options);
  /// Ends the session.
  ~GrpcLink() override;

  /// Waits for the first welcome, at most `timeout`; whether it has come. Throws Error when the
  /// first connection failed and is not tried again: the server is not there and `retry` is off, or
  /// it refused us, which another attempt would not change.
  bool WaitForWelcome(std::chrono::milliseconds timeout);
  /// The last welcome, without its student. nullopt before the first.
  std::optional<wire::Welcome> welcome() const;
  GrpcLinkStats stats() const;

  bool Connected() override;
  bool SendKeyFrame(ImageView frame, uint64_t frame_index) override;
  void OnArrival(Arrived arrived) override;
  std::optional<wire::Update> PollUpdate() override;
  std::optional<wire::Update> WaitForUpdate() override;
  std::optional<WholeStudent> TakeStudent() override;
  void RequestStudent(const std::string& why) override;
  void Holding(std::span<const float> trained, uint64_t version) override;
  std::optional<Session> TakeSession() override;
  bool AnswerPending() override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_CLIENT_GRPC_LINK_H_
