#include "rpc/server/service.h"

#include <grpcpp/server_context.h>

#include <optional>
#include <string>
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
  Refusal(grpc::CallbackServerContext& context, const Error& why) {
    if (why.retry_after().count() > 0) {
      context.AddTrailingMetadata(kRetryAfter, std::to_string(why.retry_after().count()));
    }
    HandOver();
    this->Finish(ToStatus(why));
  }
  void OnDone() override {
    HandOver();
    const std::unique_ptr<Refusal> self(this);
  }
};

}  // namespace

Service::Service(std::shared_ptr<server::Resources> resources,
                 std::shared_ptr<server::StreamRegistry> streams,
                 std::chrono::milliseconds write_timeout)
    : resources_(std::move(resources)),
      streams_(std::move(streams)),
      write_timeout_(write_timeout) {}

template <typename Protocol>
Service::Reactor* Service::Open(grpc::CallbackServerContext* context) {
  HandOver();
  Stream<Protocol>* opened = nullptr;  // the registry owns it until the call is over
  const std::string peer = context->peer();
  const PeerAddress address = PeerAddressOf(peer);
  // The connections of a Unix socket all have the same name.
  const server::StreamOrigin origin{address.text, peer.starts_with("unix") ? std::string() : peer,
                                    address.local};
  // Local clients may be many, which are told apart by their sessions.
  const std::string source = address.local ? std::string() : address.text;
  const auto make = [&](uint64_t number, const std::string& id) {
    auto stream = std::make_shared<Stream<Protocol>>(
        [streams = streams_, number] { streams->Remove(number); }, context, write_timeout_);
    stream->Begin(std::make_shared<typename Protocol::Conversation>(
        resources_, stream, number, id, std::chrono::steady_clock::now(), source));
    opened = stream.get();
    return stream;
  };
  const std::optional<Error> refusal = streams_->Open(make, origin);
  if (!refusal) return opened;
  resources_->Log(address.text, "a session from " + address.text + " was refused: " +
                                    ErrorCodeName(refusal->code()) + ": " + refusal->what());
  // The refusal deletes itself in OnDone.
  return std::make_unique<Refusal>(*context, *refusal).release();
}

Service::Reactor* Service::Tutor(grpc::CallbackServerContext* context) {
  return Open<Tutoring>(context);
}

Service::Reactor* Service::Segment(grpc::CallbackServerContext* context) {
  return Open<Segmenting>(context);
}

}  // namespace shadowtutor::rpc
