// The client's way to a server: client::ServerLink over one bidirectional gRPC stream.
//
// A thread of its own connects, encodes key frames, takes in what comes, and connects again with
// growing pauses when the connection is lost; the client's thread only leaves frames and fetches
// updates. docs/protocol.md tells the conversation, wire/limits.h has every bound and deadline.
// gRPC's headers stay out of this one.
#ifndef SHADOWTUTOR_RPC_CLIENT_GRPC_LINK_H_
#define SHADOWTUTOR_RPC_CLIENT_GRPC_LINK_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "client/server_link.h"
#include "rpc/client/grpc_link_options.h"
#include "shadowtutor/types.h"
#include "wire/protocol.h"

namespace shadowtutor::rpc {

struct LinkThread;

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
  const std::unique_ptr<LinkThread> thread_;
};

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_CLIENT_GRPC_LINK_H_
