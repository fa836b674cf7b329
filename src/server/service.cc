#include "server/service.h"

#include <grpcpp/server_context.h>

#include <deque>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "rpc/convert.h"
#include "rpc/hand_over.h"
#include "rpc/limits.h"

namespace shadowtutor::server {
namespace {

using Clock = std::chrono::steady_clock;

// Messages that wait for the client to take them. An update follows a whole student at most, so
// only a client that asks for students and never reads comes here.
constexpr size_t kMaxWaitingMessages = 8;

std::string Hex(uint64_t value) {
  std::string text;
  for (int shift = 60; shift >= 0; shift -= 4) text += "0123456789abcdef"[value >> shift & 15];
  return text;
}

std::string RandomPrefix() {
  std::random_device device;
  return Hex(uint64_t{device()} << 32 | device()).substr(0, 8);
}

// Tells a client why it gets no session.
class Refusal final : public grpc::ServerBidiReactor<v1::ClientMessage, v1::ServerMessage> {
 public:
  explicit Refusal(const grpc::Status& status) {
    rpc::HandOver();
    Finish(status);
  }
  void OnDone() override {
    rpc::HandOver();
    const std::unique_ptr<Refusal> self(this);
  }
};

}  // namespace

// gRPC's side of a conversation: one read and one write at a time, and exactly one Finish, after
// the last write.
class Stream final : public grpc::ServerBidiReactor<v1::ClientMessage, v1::ServerMessage>,
                     public Peer {
 public:
  Stream(std::shared_ptr<StreamRegistry> registry, uint64_t number,
         grpc::CallbackServerContext* context, std::chrono::milliseconds write_timeout)
      : registry_(std::move(registry)),
        number_(number),
        write_timeout_(write_timeout),
        context_(context) {}

  // Whoever lets go last may be on any thread.
  ~Stream() override { rpc::HandOver(); }

  void Begin(std::shared_ptr<Conversation> conversation) {
    conversation_ = std::move(conversation);
    rpc::HandOver();
    StartRead(&incoming_);
  }

  bool Send(wire::ServerMessage message) override {
    const rpc::HandOverScope hand_over;
    v1::ServerMessage packed = rpc::ToProto(std::move(message));
    bool open = false;
    {
      std::lock_guard lock(mutex_);
      if (ending_) return false;
      waiting_.push_back(std::move(packed));
      if (waiting_.size() > kMaxWaitingMessages) {
        EndLocked(Error(ErrorCode::kResourceExhausted,
                        "The client asks for more than it takes; read the answers first."));
      }
      open = !ending_;
    }
    Pump();
    return open;
  }

  void End(const std::optional<Error>& why) override {
    const rpc::HandOverScope hand_over;
    {
      std::lock_guard lock(mutex_);
      EndLocked(why);
    }
    Pump();
  }

  void Tick(Clock::time_point now) {
    const rpc::HandOverScope hand_over;
    conversation_->OnTick(now);
    {
      std::lock_guard lock(mutex_);
      if (!(writing_ || finished_) || now < write_deadline_) return;
    }
    // A mutex of its own: cancelling may call back, and then takes the other one.
    std::lock_guard lock(context_mutex_);
    if (context_ != nullptr) context_->TryCancel();
  }

  void OnReadDone(bool ok) override {
    const rpc::HandOverScope hand_over;
    if (!ok) {
      // The client has said all that it had to say, or is gone.
      conversation_->OnClosed();
      End(std::nullopt);
      return;
    }
    try {
      conversation_->OnMessage(rpc::FromProto(std::move(incoming_)), Clock::now());
    } catch (const Error& error) {
      conversation_->OnBadMessage(error);
    } catch (const std::exception& error) {
      conversation_->OnBadMessage(Error(ErrorCode::kInternal, error.what()));
    }
    v1::ClientMessage().Swap(&incoming_);
    {
      std::lock_guard lock(mutex_);
      if (ending_) return;
    }
    rpc::HandOver();
    StartRead(&incoming_);
  }

  void OnWriteDone(bool ok) override {
    const rpc::HandOverScope hand_over;
    {
      std::lock_guard lock(mutex_);
      writing_ = false;
      v1::ServerMessage().Swap(&outgoing_);
      if (!ok) LostLocked();
    }
    Pump();
  }

  void OnCancel() override {
    const rpc::HandOverScope hand_over;
    conversation_->OnClosed();
    {
      std::lock_guard lock(mutex_);
      LostLocked();
    }
    Pump();
  }

  void OnDone() override {
    const rpc::HandOverScope hand_over;
    {
      std::lock_guard lock(context_mutex_);
      context_ = nullptr;
    }
    conversation_->OnClosed();
    const std::shared_ptr<StreamRegistry> registry = registry_;  // may outlive this stream
    registry->Remove(number_);                                   // may destroy it
  }

 private:
  void EndLocked(const std::optional<Error>& why) {
    if (ending_) return;
    ending_ = true;
    waiting_.clear();
    if (!why) return;
    status_ = rpc::ToStatus(*why);
    waiting_.push_back(
        rpc::ToProto(wire::ServerMessage(wire::ErrorMessage{why->code(), why->what(), true, {}})));
  }

  void LostLocked() {
    waiting_.clear();
    if (ending_) return;
    ending_ = true;
    status_ = grpc::Status(grpc::StatusCode::CANCELLED, "The client is gone.");
  }

  // Starts the next write, or the end, if nothing is on its way.
  void Pump() {
    grpc::Status status;
    bool finish = false;
    {
      std::lock_guard lock(mutex_);
      if (writing_ || finished_) return;
      if (!waiting_.empty()) {
        outgoing_.Swap(&waiting_.front());
        waiting_.pop_front();
        writing_ = true;
      } else if (ending_) {
        finished_ = finish = true;
        status = status_;
      } else {
        return;
      }
      write_deadline_ = Clock::now() + write_timeout_;
    }
    rpc::HandOver();
    if (finish) {
      Finish(status);
    } else {
      StartWrite(&outgoing_);
    }
  }

  const std::shared_ptr<StreamRegistry> registry_;
  const uint64_t number_;
  const std::chrono::milliseconds write_timeout_;
  std::shared_ptr<Conversation> conversation_;  // from Begin on
  v1::ClientMessage incoming_;                  // gRPC's between StartRead and OnReadDone

  std::mutex mutex_;
  std::deque<v1::ServerMessage> waiting_;
  v1::ServerMessage outgoing_;  // gRPC's between StartWrite and OnWriteDone
  bool writing_ = false;
  bool ending_ = false;    // no more messages; Finish follows the last write
  bool finished_ = false;  // Finish was called
  grpc::Status status_;
  Clock::time_point write_deadline_;

  std::mutex context_mutex_;
  grpc::CallbackServerContext* context_;  // null when the call is over
};

StreamRegistry::StreamRegistry(std::shared_ptr<Resources> resources, int max_sessions,
                               std::chrono::milliseconds write_timeout)
    : resources_(std::move(resources)),
      max_sessions_(max_sessions),
      write_timeout_(write_timeout),
      id_prefix_(RandomPrefix()) {}

std::shared_ptr<Stream> StreamRegistry::Open(grpc::CallbackServerContext* context,
                                             grpc::Status* refusal) {
  std::lock_guard lock(mutex_);
  if (ended_) {
    *refusal = rpc::ToStatus(*ended_);
    return nullptr;
  }
  if (streams_.size() >= static_cast<size_t>(max_sessions_)) {
    resources_->stats.SessionRefused();
    *refusal = rpc::ToStatus(
        Error(ErrorCode::kResourceExhausted,
              "The server has its full number of sessions (" + std::to_string(max_sessions_) +
                  "); try again later or start it with a larger --max-sessions."));
    return nullptr;
  }
  const uint64_t number = next_number_++;
  auto stream = std::make_shared<Stream>(shared_from_this(), number, context, write_timeout_);
  stream->Begin(std::make_shared<Conversation>(
      resources_, stream, number, id_prefix_ + "-" + std::to_string(number), Clock::now()));
  streams_[number] = stream;
  return stream;
}

void StreamRegistry::Remove(uint64_t number) {
  std::shared_ptr<Stream> removed;  // destroyed after the lock is released
  std::lock_guard lock(mutex_);
  const auto found = streams_.find(number);
  if (found == streams_.end()) return;
  removed = std::move(found->second);
  streams_.erase(found);
  if (streams_.empty()) empty_.notify_all();
}

void StreamRegistry::Tick(Clock::time_point now) {
  std::vector<std::shared_ptr<Stream>> streams;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [number, stream] : streams_) streams.push_back(stream);
  }
  for (const auto& stream : streams) stream->Tick(now);
}

void StreamRegistry::EndAll(const Error& why) {
  std::vector<std::shared_ptr<Stream>> streams;
  {
    std::lock_guard lock(mutex_);
    ended_ = why;
    for (const auto& [number, stream] : streams_) streams.push_back(stream);
  }
  for (const auto& stream : streams) stream->End(why);
}

bool StreamRegistry::WaitUntilEmpty(Clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  return empty_.wait_until(lock, deadline, [this] { return streams_.empty(); });
}

grpc::ServerBidiReactor<v1::ClientMessage, v1::ServerMessage>* Service::Tutor(
    grpc::CallbackServerContext* context) {
  rpc::HandOver();
  grpc::Status refusal;
  if (const std::shared_ptr<Stream> stream = streams_->Open(context, &refusal)) {
    return stream.get();  // the registry owns it until the call is over
  }
  return std::make_unique<Refusal>(refusal).release();  // owns itself
}

}  // namespace shadowtutor::server
