#include "link/tutor_dialogue.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "distill/policy.h"
#include "link/errors.h"
#include "link/received_student.h"

namespace shadowtutor::link {

using std::chrono::milliseconds;

TutorDialogue::TutorDialogue(DialogueOptions options, std::shared_ptr<const nn::Checkpoint> student,
                             uint64_t version)
    : options_(std::move(options)), held_(std::move(student), version, false) {}

std::string TutorDialogue::Server() const {
  return options_.address.empty() ? "the server" : "the server at " + options_.address;
}

void TutorDialogue::Begin(wire::Hello hello, Clock::time_point now) {
  hello_ = std::move(hello);
  hello_waits_ = true;
  connect_again_ = false;
  hello_deadline_ = now + options_.connect_timeout + options_.hello_timeout;
}

void TutorDialogue::End(std::optional<Error> refusal) {
  stats_.refusal.reset();
  if (!online_) stats_.refusal = std::move(refusal);
  hello_waits_ = false;
  online_ = false;
  decoder_behind_ = true;
  stats_.moves += std::exchange(moves_, false);
  stats_.key_frames_lost += answer_ != Answer::kNone;
  farewell_.reset();
  NoAnswer();
  updates_.clear();
  request_.reset();
  student_deadline_ = hello_deadline_ = Clock::time_point::max();
  whole_.reset();
  session_.reset();
}

std::optional<wire::ClientMessage> TutorDialogue::TakeMessage() {
  if (std::exchange(hello_waits_, false)) return WithStudent(hello_);
  if (!request_) return std::nullopt;
  wire::StudentRequest message{request_->substr(0, wire::kMaxTextBytes)};
  request_.reset();
  return message;
}

// With what the client holds, by name if that may do.
wire::Hello TutorDialogue::WithStudent(wire::Hello hello) {
  if (may_name_) hello.named = held_.Named();
  named_ = hello.named.has_value();
  if (!named_) hello.held = held_.ForHello();
  handed_over_ = hello.held ? hello.held->trained.size() * sizeof(float) : 0;
  return hello;
}

TutorDialogue::KeyFrameHead TutorDialogue::TakeKeyFrame() {
  KeyFrameHead head;
  head.message.frame_index = key_frame_index_;
  head.message.held_version = held_.version();
  head.message.codec = welcome_->frame_codec;
  head.pictures = welcome_->policy.pictures;
  head.restart = std::exchange(decoder_behind_, false);
  return head;
}

void TutorDialogue::KeyFrameSent(size_t bytes, double encode_ms) {
  ++stats_.key_frames;
  stats_.bytes_up += bytes;
  stats_.encode_ms += encode_ms;
  stats_.most_encode_ms = std::max(stats_.most_encode_ms, encode_ms);
}

void TutorDialogue::NoAnswer() {
  if (answer_ == Answer::kPending) decoder_behind_ = true;
  answer_ = Answer::kNone;
  answer_deadline_ = Clock::time_point::max();
}

void Work::Do() {
  if (auto* update = std::get_if<wire::Update>(&message)) {
    if (arrived) arrived(*update);
  } else if (auto* sent = std::get_if<wire::WholeStudent>(&message)) {
    whole = ParseStudent(*sent, cut);
  } else if (auto& theirs = std::get<wire::Welcome>(message).student) {
    whole = ParseStudent(*theirs, cut);
    theirs.reset();
  }
}

Received TutorDialogue::Receive(wire::ServerMessage message, size_t bytes, Clock::time_point now) {
  if (auto* error = std::get_if<wire::ErrorMessage>(&message)) return {{}, Receive(*error)};
  if (auto* first = std::get_if<wire::Welcome>(&message)) return Receive(std::move(*first), bytes);
  if (std::holds_alternative<wire::HandOverRequest>(message)) return {{}, HandOver(now)};
  if (!online_) throw Error(ErrorCode::kDataLoss, "the server's first message is not a welcome");
  if (auto* update = std::get_if<wire::Update>(&message)) return Receive(std::move(*update), bytes);
  Received received;
  received.work.emplace();
  received.work->message = std::move(message);
  received.work->bytes = bytes;
  received.work->cut = welcome_->policy.trainer.cut;
  return received;
}

// The server does not know the student that the hello named.
std::string TutorDialogue::HandOver(Clock::time_point now) {
  if (!std::exchange(named_, false)) {
    throw Error(ErrorCode::kDataLoss, "the server asks for a student that was not offered to it");
  }
  may_name_ = false;
  hello_waits_ = true;
  hello_deadline_ = now + options_.hello_timeout;
  return Server() + " does not have our student, which is handed over";
}

Received TutorDialogue::Receive(wire::Welcome message, size_t bytes) {
  if (online_) throw Error(ErrorCode::kDataLoss, "the server welcomed us twice");
  CheckServerVersion(message.protocol_version);
  if (stats_.sessions == 0) {
    stats_.bytes_first_student += handed_over_ + (message.student ? message.student->bytes() : 0);
  }
  if (std::exchange(named_, false) && message.student) {
    // An older server, which does not know the field, sent its own. Ours shall be the one.
    may_name_ = false;
    connect_again_ = true;
    return {{},
            Server() + " is older and sent its own student; connecting again to hand over ours"};
  }
  distill::Validate(message.policy);
  Received received;
  received.work.emplace();
  received.work->cut = message.policy.trainer.cut;
  received.work->message = std::move(message);
  received.work->bytes = bytes;
  return received;
}

Received TutorDialogue::Receive(wire::Update message, size_t bytes) {
  stats_.bytes_down += bytes;
  if (!Wanted(message)) {
    ++stats_.updates;
    return {};
  }
  Received received;
  received.work.emplace();
  received.work->message = std::move(message);
  received.work->bytes = bytes;
  received.work->arrived = arrived_;
  return received;
}

bool TutorDialogue::Wanted(const wire::Update& update) const {
  if (update.part > 0) return updates_.size() < wire::kMostWaitingUpdates;
  return answer_ == Answer::kPending && update.frame_index == key_frame_index_;
}

std::string TutorDialogue::Receive(const wire::ErrorMessage& error) {
  std::string from = Server() + " says: " + error.sentence;
  if (error.fatal) {
    farewell_ =
        Error(error.code, from).WithRetryAfter(std::chrono::milliseconds(error.retry_after_ms));
    moves_ = error.move && online_;
    return {};
  }
  if (error.frame_index && answer_ == Answer::kPending && *error.frame_index == key_frame_index_) {
    NoAnswer();
  }
  return from;
}

std::string TutorDialogue::Complete(Work work) {
  if (auto* welcome = std::get_if<wire::Welcome>(&work.message)) {
    wire::Welcome message = std::move(*welcome);
    return Complete(std::move(message), std::move(work));
  }
  if (auto* update = std::get_if<wire::Update>(&work.message)) {
    Complete(std::move(*update));
    return {};
  }
  stats_.bytes_students += work.bytes;
  whole_ = std::move(work.whole);
  student_deadline_ = Clock::time_point::max();
  return {};
}

std::string TutorDialogue::Complete(wire::Welcome message, Work work) {
  if (!work.whole.student && held_.empty()) {
    throw Error(ErrorCode::kDataLoss,
                "the server sent no student, but this client has none either");
  }
  if (work.whole.student) {
    stats_.bytes_students += work.bytes;
    whole_ = std::move(work.whole);
  } else {
    held_.AgreedUpon(message.student_version);
  }
  session_ = {message.policy, message.student_version, message.student_checksum,
              message.min_stride};
  welcome_ = std::move(message);
  online_ = true;
  stats_.refusal.reset();
  hello_deadline_ = Clock::time_point::max();
  ++stats_.sessions;
  return "connected to " + (options_.address.empty() ? "the server" : options_.address) +
         ", session " + welcome_->session_id + ", teacher: " + welcome_->teacher;
}

void TutorDialogue::Complete(wire::Update message) {
  ++stats_.updates;  // not before it can be polled
  if (message.part == 0) {
    answer_ = Answer::kArrived;
    answer_deadline_ = Clock::time_point::max();
  }
  updates_.push_back(std::move(message));
}

void TutorDialogue::CheckDeadlines(Clock::time_point now) const {
  const auto late = [](const std::string& what, milliseconds time) {
    return Error(ErrorCode::kDeadlineExceeded, what + " within " + InSeconds(time));
  };
  if (now >= hello_deadline_) {
    throw late("the server did not answer", options_.connect_timeout + options_.hello_timeout);
  }
  if (now >= answer_deadline_) {
    throw late("the server did not answer a key frame", options_.update_timeout);
  }
  if (now >= student_deadline_) {
    throw late("the server did not send its student", options_.update_timeout);
  }
}

TutorDialogue::Clock::time_point TutorDialogue::NextDeadline() const {
  return std::min({hello_deadline_, answer_deadline_, student_deadline_});
}

bool TutorDialogue::SendsKeyFrame(uint64_t frame_index, Clock::time_point now) {
  // The client must take a new session before it sends a key frame.
  if (!online_ || session_ || answer_ != Answer::kNone) return false;
  key_frame_index_ = frame_index;
  answer_ = Answer::kPending;
  answer_deadline_ = now + options_.update_timeout;
  return true;
}

std::optional<wire::Update> TutorDialogue::PollUpdate() {
  if (updates_.empty()) return std::nullopt;
  wire::Update next = std::move(updates_.front());
  updates_.pop_front();
  if (next.part == 0) answer_ = Answer::kNone;
  return next;
}

std::optional<client::ServerLink::WholeStudent> TutorDialogue::TakeStudent() {
  auto student = std::exchange(whole_, {});
  if (student) held_ = HeldWeights(student->student, student->version, true);
  return student;
}

void TutorDialogue::RequestStudent(const std::string& why, Clock::time_point now) {
  if (!online_) return;
  request_ = why;
  student_deadline_ = now + options_.update_timeout;
}

std::optional<client::ServerLink::Session> TutorDialogue::TakeSession() {
  return std::exchange(session_, {});
}

LinkStats TutorDialogue::stats() const {
  LinkStats stats = stats_;
  stats.next_begins_stream = decoder_behind_;
  return stats;
}

}  // namespace shadowtutor::link
