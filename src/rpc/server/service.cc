#include "rpc/server/service.h"

#include <grpcpp/server_context.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "rpc/hand_over.h"
#include "rpc/server/peer_address.h"
#include "rpc/server/protocols.h"
#include "rpc/server/stream.h"
#include "rpc/status.h"

namespace shadowtutor::rpc {
namespace {

// Ends a call at once and tells the client why it gets no session.
class Refusal final : public Service::Reactor {
 public:
  explicit Refusal(const grpc::Status& status) {
    HandOver();
    this->Finish(status);
  }
  void OnDone() override {
    HandOver();
    const std::unique_ptr<Refusal> self(this);
  }
};

std::string_view TokenOf(const grpc::CallbackServerContext& context) {
  const auto found = context.client_metadata().find("authorization");
  if (found == context.client_metadata().end()) return {};
  return BearerToken({found->second.data(), found->second.size()});
}

}  // namespace

Service::Service(std::shared_ptr<server::Resources> resources,
                 std::shared_ptr<server::StreamRegistry> streams,
                 std::chrono::milliseconds write_timeout, std::shared_ptr<DeviceTokens> tokens)
    : resources_(std::move(resources)),
      streams_(std::move(streams)),
      write_timeout_(write_timeout),
      tokens_(std::move(tokens)) {}

template <typename Protocol>
Service::Reactor* Service::Open(grpc::CallbackServerContext* context) {
  HandOver();
  Stream<Protocol>* opened = nullptr;  // the registry owns it until the call is over
  const std::string peer = context->peer();
  const PeerAddress address = PeerAddressOf(peer);
  // The connections of a Unix socket all have the same name.
  server::StreamOrigin origin{address.text, peer.starts_with("unix") ? std::string() : peer,
                              address.local};
  // Local clients may be many, which are told apart by their sessions.
  const std::string source = address.local ? std::string() : address.text;
  const auto make = [&](uint64_t number, const std::string& id) {
    auto stream = std::make_shared<Stream<Protocol>>(
        [streams = streams_, number] { streams->Remove(number); }, context, write_timeout_);
    const auto conversation = std::make_shared<typename Protocol::Conversation>(
        resources_, stream, number, id, std::chrono::steady_clock::now(), source);
    conversation->UseDevice(origin.device);
    stream->Begin(conversation);
    opened = stream.get();
    return stream;
  };
  std::optional<Error> refusal =
      Admit(tokens_.get(), TokenOf(*context), address, *streams_, origin);
  if (!refusal) refusal = streams_->Open(make, origin);
  if (!refusal) return opened;
  resources_->Log(address.text, server::RefusedLine(address.text, *refusal));
  // The refusal deletes itself in OnDone.
  return std::make_unique<Refusal>(ToStatus(*refusal)).release();
}

Service::Reactor* Service::Tutor(grpc::CallbackServerContext* context) {
  return Open<Tutoring>(context);
}

Service::Reactor* Service::Segment(grpc::CallbackServerContext* context) {
  return Open<Segmenting>(context);
}

}  // namespace shadowtutor::rpc
