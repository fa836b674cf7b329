#include "api/message_link.h"

#include <thread>
#include <utility>
#include <variant>

#include "nn/checkpoint_io.h"
#include "wire/message_bytes.h"
#include "wire/student_codec.h"

namespace shadowtutor::api {

using std::chrono::milliseconds;

namespace {

// More messages than this are left for the next frame.
constexpr int kMostMessagesAtOnce = 64;

std::shared_ptr<const nn::Checkpoint> Unpacked(const wire::WholeStudent& whole) {
  return std::make_shared<const nn::Checkpoint>(
      whole.coded.empty() ? nn::ParseCheckpoint(whole.safetensors)
                          : wire::UnpackStudent(whole.safetensors, whole.coded, whole.weights));
}

}  // namespace

MessageLink::MessageLink(std::unique_ptr<Link> transport, milliseconds update_timeout)
    : transport_(std::move(transport)), update_timeout_(update_timeout) {
  if (!transport_) throw Error(ErrorCode::kInvalidArgument, "a client needs a link");
}

MessageLink::~MessageLink() = default;

bool MessageLink::Connected() {
  if (!transport_->Connected()) {
    EndSession();
    return false;
  }
  Receive(milliseconds(0));
  AskForStudent();
  return in_session_;
}

bool MessageLink::SendKeyFrame(ImageView frame, uint64_t frame_index) {
  if (!in_session_ || !transport_->SendKeyFrame(frame, frame_index)) return false;
  outstanding_ = frame_index;
  deadline_ = Clock::now() + update_timeout_;
  return true;
}

std::optional<wire::Update> MessageLink::PollUpdate() {
  Receive(milliseconds(0));
  if (updates_.empty()) return std::nullopt;
  wire::Update update = std::move(updates_.front());
  updates_.pop_front();
  return update;
}

std::optional<wire::Update> MessageLink::WaitForUpdate() {
  constexpr milliseconds kLook{20};
  while (true) {
    if (auto update = PollUpdate()) return update;
    if (!AnswerPending() || !transport_->Connected()) return std::nullopt;
    // A transport may return early, or not wait at all.
    if (!Receive(kLook)) std::this_thread::sleep_for(milliseconds(1));
  }
}

bool MessageLink::AnswerPending() {
  if (outstanding_ && Clock::now() >= deadline_) outstanding_.reset();
  return outstanding_.has_value();
}

std::optional<client::ServerLink::WholeStudent> MessageLink::TakeStudent() {
  return std::exchange(student_, std::nullopt);
}

void MessageLink::RequestStudent(const std::string& why) {
  if (!awaits_student_) ask_at_ = Clock::now();
  awaits_student_ = why;
  AskForStudent();
}

void MessageLink::AskForStudent() {
  if (!awaits_student_ || Clock::now() < ask_at_) return;
  if (transport_->RequestStudent(*awaits_student_)) ask_at_ = Clock::now() + update_timeout_;
}

std::optional<client::ServerLink::Session> MessageLink::TakeSession() {
  if (transport_->Connected()) Receive(milliseconds(0));
  return std::exchange(session_, std::nullopt);
}

bool MessageLink::Receive(milliseconds wait) {
  std::vector<uint8_t> bytes;
  int count = 0;
  while (count < kMostMessagesAtOnce && transport_->Receive(bytes, wait)) {
    Take(bytes);
    wait = milliseconds(0);
    ++count;
  }
  return count > 0;
}

void MessageLink::Take(std::span<const uint8_t> bytes) {
  try {
    std::visit([this](auto&& message) { Take(std::move(message)); },
               wire::ServerMessageFrom(bytes));
  } catch (const Error& error) {
    // What was lost is in the whole student.
    outstanding_.reset();
    RequestStudent(error.what());
  }
}

void MessageLink::Take(wire::Welcome welcome) {
  EndSession();
  if (welcome.student) student_ = {Unpacked(*welcome.student), welcome.student->version};
  session_ = {std::move(welcome.policy), welcome.student_version, welcome.student_checksum};
  in_session_ = true;
}

void MessageLink::Take(wire::Update update) {
  if (update.part == 0) {
    if (outstanding_ == update.frame_index) outstanding_.reset();
  } else if (updates_.size() >= wire::kMostWaitingUpdates) {
    return;  // the client finds out by the versions
  }
  if (updates_.size() <= wire::kMostWaitingUpdates) updates_.push_back(std::move(update));
}

void MessageLink::Take(const wire::WholeStudent& student) {
  student_ = {Unpacked(student), student.version};
  awaits_student_.reset();
}

void MessageLink::Take(const wire::ErrorMessage& error) {
  if (!error.frame_index || error.frame_index == outstanding_) outstanding_.reset();
}

void MessageLink::EndSession() {
  in_session_ = false;
  session_.reset();
  student_.reset();
  updates_.clear();
  outstanding_.reset();
  awaits_student_.reset();
}

}  // namespace shadowtutor::api
