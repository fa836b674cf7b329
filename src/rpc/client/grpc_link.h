// The client's link to a server: client::ServerLink over one bidirectional gRPC stream.
//
// The link has a thread of its own, which connects, encodes key frames, receives messages, and
// connects again after growing pauses when the connection is lost. The client's thread only hands
// over frames and fetches updates. docs/protocol.md describes the protocol, wire/limits.h has every
// bound and deadline. This header does not include gRPC's.
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

/// Thread safety: the functions of ServerLink as declared there; all others may be called from any
/// thread.
class GrpcLink final : public client::ServerLink {
 public:
  /// Begins to connect, and returns without waiting for the connection. Throws Error
  /// kInvalidArgument for options out of range, and as Check(Endpoint).
  explicit GrpcLink(GrpcLinkOptions options);
  /// Ends the session.
  ~GrpcLink() override;

  /// Waits for the first welcome, at most `timeout`. Returns whether it has come. Throws Error when
  /// the first connection failed and the link does not try again, because `retry` is off or because
  /// the server refused the client for a reason that another attempt would not change.
  bool WaitForWelcome(std::chrono::milliseconds timeout);
  /// The last welcome, without its student; nullopt before the first one.
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
