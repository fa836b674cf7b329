#include "server/conversation.h"

#include <chrono>
#include <cstdint>
#include <random>
#include <utility>

#include "core/mutex.h"
#include "core/text.h"
#include "wire/limits.h"
#include "wire/protocol.h"
#include "wire/segment.h"

namespace shadowtutor::server {

namespace {

// When a session that begins now is to move.
std::chrono::steady_clock::time_point EndOfAge(std::chrono::milliseconds most,
                                               std::chrono::steady_clock::time_point now) {
  if (most <= std::chrono::milliseconds::zero()) {
    return std::chrono::steady_clock::time_point::max();
  }
  std::random_device random;
  const double share = std::uniform_real_distribution(0.9, 1.1)(random);
  return now +
         std::chrono::milliseconds(static_cast<int64_t>(share * static_cast<double>(most.count())));
}

}  // namespace

template <typename Request, typename Reply>
Conversation<Request, Reply>::Conversation(std::shared_ptr<Resources> resources,
                                           std::weak_ptr<Peer> peer, uint64_t number,
                                           std::string id, Clock::time_point now,
                                           const std::string& source)
    : resources_(std::move(resources)),
      peer_(std::move(peer)),
      number_(number),
      id_(std::move(id)),
      source_(source.empty() ? id_ : source),
      last_heard_(now),
      move_at_(EndOfAge(resources_->session_max_age, now)) {}

template <typename Request, typename Reply>
void Conversation<Request, Reply>::UseDevice(std::shared_ptr<Device> device) {
  device_ = std::move(device);
}

template <typename Request, typename Reply>
std::string Conversation<Request, Reply>::DeviceName() const {
  return device_ ? device_->name() : std::string();
}

template <typename Request, typename Reply>
std::optional<Error> Conversation<Request, Reply>::OverDeviceLimits(size_t bytes,
                                                                    Clock::time_point now) {
  return device_ ? device_->TakeFrame(bytes, now) : std::nullopt;
}

template <typename Request, typename Reply>
void Conversation<Request, Reply>::CountSent(size_t bytes) {
  resources_->stats.Sent(id_, bytes);
  if (device_) device_->Sent(bytes);
}

template <typename Request, typename Reply>
void Conversation<Request, Reply>::OnMessage(Request message, Clock::time_point now) {
  const MutexLock lock(mutex_);
  if (closed_) return;
  last_heard_ = now;
  Handle(std::move(message), now);
}

template <typename Request, typename Reply>
void Conversation<Request, Reply>::Move(const Error& why, Clock::time_point now) {
  const MutexLock lock(mutex_);
  if (closed_) return;
  if (!moving_) moving_ = why;
  MoveIfQuiet(now);
}

template <typename Request, typename Reply>
void Conversation<Request, Reply>::MoveIfQuiet(Clock::time_point now) {
  if (closed_ || !moving_ || Outstanding()) return;
  if (last_answer_ && now - *last_answer_ < wire::kMoveGrace) return;
  const std::shared_ptr<Peer> peer = peer_.lock();
  if (!peer || !peer->AllSent()) return;  // what waits would be dropped
  EndToMove();
}

template <typename Request, typename Reply>
void Conversation<Request, Reply>::EndToMove() {
  closed_ = true;
  Log(std::string("is asked to move: ") + moving_->what());
  if (Greeted()) resources_->stats.SessionMoved();
  if (const std::shared_ptr<Peer> peer = peer_.lock()) peer->EndToMove(*moving_);
  OnEnd();
}

template <typename Request, typename Reply>
void Conversation<Request, Reply>::OnBadMessage(const Error& error) {
  const MutexLock lock(mutex_);
  if (!closed_) End(error);
}

template <typename Request, typename Reply>
void Conversation<Request, Reply>::OnTick(Clock::time_point now) {
  const MutexLock lock(mutex_);
  if (closed_) return;
  if (device_ && device_->revoked()) {
    End(Error(ErrorCode::kUnauthenticated,
              "the token of the device \"" + device_->name() +
                  "\" is not valid any more; give the client the one that the server's list has "
                  "for it"));
    return;
  }
  // Not while it would be refused when it comes back.
  if (!moving_ && now >= move_at_ && !resources_->admission.refusing()) {
    moving_ = Error(ErrorCode::kUnavailable,
                    "the session is as old as this server lets sessions become; connect again to "
                    "go on");
  }
  MoveIfQuiet(now);
  if (closed_) return;
  if (FrameOutstanding()) {
    const Resources::Overdue overdue = resources_->TeacherOverdue(number_, now);
    if (overdue != Resources::Overdue::kNo) {
      OnTeacherOverdue(overdue == Resources::Overdue::kOwnFrame, now);
    }
    return;
  }
  const auto silent = now - last_heard_;
  if (!Greeted() && silent > resources_->hello_timeout) {
    End(Error(ErrorCode::kDeadlineExceeded, "no hello came within " +
                                                SecondsText(resources_->hello_timeout) +
                                                " of the stream's start"));
  } else if (Greeted() && silent > resources_->idle_timeout) {
    End(Error(ErrorCode::kDeadlineExceeded, "the client sent nothing for " +
                                                SecondsText(resources_->idle_timeout) +
                                                "; connect again to go on"));
  }
}

template <typename Request, typename Reply>
std::optional<typename Conversation<Request, Reply>::Clock::time_point>
Conversation<Request, Reply>::SilentSince() const {
  const MutexLock lock(mutex_);
  if (closed_ || FrameOutstanding()) return std::nullopt;
  return last_heard_;
}

template <typename Request, typename Reply>
void Conversation<Request, Reply>::Send(Reply message) {
  if (closed_) return;
  const std::shared_ptr<Peer> peer = peer_.lock();
  if (!peer || !peer->Send(std::move(message))) closed_ = true;
}

template <typename Request, typename Reply>
void Conversation<Request, Reply>::End(const Error& why) {
  closed_ = true;
  LogError("refused: ", why);
  resources_->stats.SessionFailed(why.code());
  resources_->observatory.Note({.kind = Event::Kind::kEnded,
                                .code = why.code(),
                                .client = client(),
                                .session = id_,
                                .sentence = why.what()});
  if (const std::shared_ptr<Peer> peer = peer_.lock()) peer->End(why);
  OnEnd();
}

template <typename Request, typename Reply>
void Conversation<Request, Reply>::LogFailure(uint64_t frame_index, const Error& error) const {
  LogError("frame " + std::to_string(frame_index) + ": ", error);
  resources_->observatory.Note({.kind = Event::Kind::kFailed,
                                .code = error.code(),
                                .client = client(),
                                .session = id_,
                                .sentence = error.what()});
}

template <typename Request, typename Reply>
void Conversation<Request, Reply>::Log(const std::string& what, LogLevel level) const {
  resources_->Log(source_, LogLine{.level = level,
                                   .text = "session " + id_ + " " + what,
                                   .session = id_,
                                   .client = client(),
                                   .sentence = what});
}

template <typename Request, typename Reply>
void Conversation<Request, Reply>::LogError(const std::string& what, const Error& error) const {
  resources_->Log(source_, LogLine{.level = LevelOf(error.code()),
                                   .text = "session " + id_ + " " + what +
                                           ErrorCodeName(error.code()) + ": " + error.what(),
                                   .session = id_,
                                   .client = client(),
                                   .code = error.code(),
                                   .sentence = what + error.what()});
}

template class Conversation<wire::ClientMessage, wire::ServerMessage>;
template class Conversation<wire::SegmentRequest, wire::SegmentReply>;

}  // namespace shadowtutor::server
