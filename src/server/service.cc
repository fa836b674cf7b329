#include "server/service.h"

#include <grpcpp/server_context.h>

#include <random>
#include <utility>
#include <vector>

#include "rpc/errors.h"
#include "rpc/hand_over.h"
#include "server/offload.h"
#include "server/stream.h"

namespace shadowtutor::server {
namespace {

using Clock = std::chrono::steady_clock;

std::string Hex(uint64_t value) {
  std::string text;
  for (int shift = 60; shift >= 0; shift -= 4) text += "0123456789abcdef"[value >> shift & 15];
  return text;
}

std::string RandomPrefix() {
  std::random_device device;
  return Hex(uint64_t{device()} << 32 | device()).substr(0, 8);
}

struct Tutoring {
  using Request = v1::ClientMessage;
  using Reply = v1::ServerMessage;
  using Out = wire::ServerMessage;
  using Talk = Conversation;
};

struct Offloading {
  using Request = v1::SegmentRequest;
  using Reply = v1::SegmentReply;
  using Out = wire::SegmentReply;
  using Talk = OffloadConversation;
};

// Tells a client why it gets no session.
template <typename Protocol>
class Refusal final
    : public grpc::ServerBidiReactor<typename Protocol::Request, typename Protocol::Reply> {
 public:
  explicit Refusal(const grpc::Status& status) {
    rpc::HandOver();
    this->Finish(status);
  }
  void OnDone() override {
    rpc::HandOver();
    const std::unique_ptr<Refusal> self(this);
  }
};

}  // namespace

StreamRegistry::StreamRegistry(std::shared_ptr<Resources> resources, int max_sessions,
                               std::chrono::milliseconds write_timeout)
    : resources_(std::move(resources)),
      max_sessions_(max_sessions),
      write_timeout_(write_timeout),
      id_prefix_(RandomPrefix()) {}

template <typename Protocol>
grpc::ServerBidiReactor<typename Protocol::Request, typename Protocol::Reply>* StreamRegistry::Open(
    grpc::CallbackServerContext* context) {
  rpc::HandOver();
  std::lock_guard lock(mutex_);
  std::optional<Error> refusal = ended_;
  if (!refusal && streams_.size() >= static_cast<size_t>(max_sessions_)) {
    resources_->stats.SessionRefused();
    refusal.emplace(ErrorCode::kResourceExhausted,
                    "the server has its full number of sessions (" + std::to_string(max_sessions_) +
                        "); try again later, or allow more sessions in the server's settings");
  }
  if (refusal) {  // it owns itself
    return std::make_unique<Refusal<Protocol>>(rpc::ToStatus(*refusal)).release();
  }
  const uint64_t number = next_number_++;
  auto stream = std::make_shared<Stream<Protocol>>(
      [self = shared_from_this(), number] { self->Remove(number); }, context, write_timeout_);
  stream->Begin(std::make_shared<typename Protocol::Talk>(
      resources_, stream, number, id_prefix_ + "-" + std::to_string(number), Clock::now()));
  streams_[number] = stream;
  return stream.get();  // the registry owns it until the call is over
}

void StreamRegistry::Remove(uint64_t number) {
  std::shared_ptr<OpenStream> removed;  // destroyed after the lock is released
  std::lock_guard lock(mutex_);
  const auto found = streams_.find(number);
  if (found == streams_.end()) return;
  removed = std::move(found->second);
  streams_.erase(found);
  if (streams_.empty()) empty_.notify_all();
}

void StreamRegistry::Tick(Clock::time_point now) {
  std::vector<std::shared_ptr<OpenStream>> streams;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [number, stream] : streams_) streams.push_back(stream);
  }
  for (const auto& stream : streams) stream->Tick(now);
}

void StreamRegistry::EndAll(const Error& why) {
  std::vector<std::shared_ptr<OpenStream>> streams;
  {
    std::lock_guard lock(mutex_);
    ended_ = why;
    for (const auto& [number, stream] : streams_) streams.push_back(stream);
  }
  for (const auto& stream : streams) stream->EndWith(why);
}

bool StreamRegistry::WaitUntilEmpty(Clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  return empty_.wait_until(lock, deadline, [this] { return streams_.empty(); });
}

grpc::ServerBidiReactor<v1::ClientMessage, v1::ServerMessage>* Service::Tutor(
    grpc::CallbackServerContext* context) {
  return streams_->Open<Tutoring>(context);
}

grpc::ServerBidiReactor<v1::SegmentRequest, v1::SegmentReply>* Service::Segment(
    grpc::CallbackServerContext* context) {
  return streams_->Open<Offloading>(context);
}

}  // namespace shadowtutor::server
