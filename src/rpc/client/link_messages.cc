#include <utility>

#include "distill/key_frame_stride.h"
#include "nn/checkpoint_io.h"
#include "rpc/client/link_errors.h"
#include "rpc/client/link_thread.h"
#include "wire/limits.h"
#include "wire/student_codec.h"
#include "wire/update_codec.h"

namespace shadowtutor::rpc {
namespace {

// Throws Error kDataLoss for a student that was damaged on its way, and as ParseCheckpoint.
client::ServerLink::WholeStudent Parse(const wire::WholeStudent& message, nn::Stage cut) {
  auto student = std::make_shared<const nn::Checkpoint>(
      message.coded.empty()
          ? nn::ParseCheckpoint(message.safetensors)
          : wire::UnpackStudent(message.safetensors, message.coded, message.weights));
  const auto trained = std::span(student->weights).subspan(student->layout->TrainedOffset(cut));
  if (wire::WeightChecksum(trained) != message.checksum) {
    throw Error(ErrorCode::kDataLoss, "the student that the server sent is damaged");
  }
  return {std::move(student), message.version};
}

}  // namespace

void LinkThread::Handle(wire::ServerMessage message, size_t bytes) {
  if (auto* error = std::get_if<wire::ErrorMessage>(&message)) {
    Handle(*error);
    return;
  }
  if (auto* first = std::get_if<wire::Welcome>(&message)) {
    Handle(std::move(*first), bytes);
    return;
  }
  if (std::holds_alternative<wire::HandOverRequest>(message)) {
    HandOver();
    return;
  }
  {
    const MutexLock lock(mutex);
    if (!online) throw Error(ErrorCode::kDataLoss, "the server's first message is not a welcome");
  }
  if (auto* answered = std::get_if<wire::Update>(&message)) {
    Handle(std::move(*answered), bytes);
  } else {
    Handle(std::get<wire::WholeStudent>(message), bytes);
  }
}

void LinkThread::HandOver() {
  if (!std::exchange(named, false)) {
    throw Error(ErrorCode::kDataLoss, "the server asks for a student that was not offered to it");
  }
  Log("the server at " + options.address + " does not have our student, which is handed over");
  may_name = false;
  hand_over = true;
  const MutexLock lock(mutex);
  hello_deadline = Clock::now() + options.hello_timeout;
}

void LinkThread::Handle(wire::Welcome message, size_t bytes) {
  {
    const MutexLock lock(mutex);
    if (online) throw Error(ErrorCode::kDataLoss, "the server welcomed us twice");
  }
  CheckServerVersion(message.protocol_version);
  {
    const MutexLock lock(mutex);
    if (stats.sessions == 0) {
      stats.bytes_first_student += handed_over + (message.student ? message.student->bytes() : 0);
    }
  }
  if (std::exchange(named, false) && message.student) {
    // An older server, which does not know the field, sent its own. Ours shall be the one.
    Log("the server at " + options.address +
        " is older and sent its own student; connecting again to hand over ours");
    may_name = false;
    connect_again = true;
    return;
  }
  const distill::Policy policy = message.policy;
  distill::Validate(policy);
  try {
    UseEncoder(message.frame_codec);
  } catch (const Error& error) {
    throw Error(error.code(), std::string("the server wants key frames in a codec that was not "
                                          "offered to it: ") +
                                  error.what());
  }
  std::optional<ServerLink::WholeStudent> student;
  if (message.student) {
    student = Parse(*message.student, policy.trainer.cut);
    message.student.reset();
  }
  const std::string line = "connected to " + options.address + ", session " + message.session_id +
                           ", teacher: " + message.teacher;
  {
    const MutexLock lock(mutex);
    if (!student && held.empty()) {
      throw Error(ErrorCode::kDataLoss,
                  "the server sent no student, but this client has none either");
    }
    if (!student) held.AgreedUpon(message.student_version);
    if (student) stats.bytes_students += bytes;
    whole = std::move(student);
    session = {policy, message.student_version, message.student_checksum};
    welcome = std::move(message);
    online = true;
    stats.refusal.reset();
    hello_deadline = Clock::time_point::max();
    ++stats.sessions;
    wake_client.NotifyAll();
  }
  Log(line);
}

void LinkThread::Handle(wire::Update message, size_t bytes) {
  // The callback decodes and packs the update on this thread. That takes milliseconds, for which
  // the client's predictions then do not wait.
  ServerLink::Arrived tell;
  {
    const MutexLock lock(mutex);
    stats.bytes_down += bytes;
    if (!Wanted(message)) {
      ++stats.updates;
      return;
    }
    tell = arrived;
  }
  if (tell) tell(message);
  const MutexLock lock(mutex);
  ++stats.updates;  // not before it can be polled
  if (message.part == 0) {
    answer = Answer::kArrived;
    answer_deadline = Clock::time_point::max();
  }
  updates.push_back(std::move(message));
  wake_client.NotifyAll();
}

bool LinkThread::Wanted(const wire::Update& update) const {
  if (update.part > 0) return updates.size() < wire::kMostWaitingUpdates;
  return answer == Answer::kPending && update.frame_index == key_frame_index;
}

void LinkThread::Handle(const wire::WholeStudent& message, size_t bytes) {
  nn::Stage cut = nn::kPartialDistillation;
  {
    const MutexLock lock(mutex);
    cut = welcome->policy.trainer.cut;
  }
  auto student = Parse(message, cut);
  const MutexLock lock(mutex);
  stats.bytes_students += bytes;
  whole = std::move(student);
  student_deadline = Clock::time_point::max();
}

void LinkThread::Handle(const wire::ErrorMessage& error) {
  const std::string from = "the server at " + options.address + " says: " + error.sentence;
  if (error.fatal) {
    const MutexLock lock(mutex);
    farewell = Error(error.code, from);
    return;
  }
  Log(from);
  const MutexLock lock(mutex);
  if (error.frame_index && answer == Answer::kPending && *error.frame_index == key_frame_index) {
    NoAnswer();
  }
}

void LinkThread::NoAnswer() {
  if (answer == Answer::kPending) decoder_behind = true;
  answer = Answer::kNone;
  answer_deadline = Clock::time_point::max();
  wake_client.NotifyAll();
}

}  // namespace shadowtutor::rpc
