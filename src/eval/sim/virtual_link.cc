#include "eval/sim/virtual_link.h"

#include <utility>

#include "eval/sim/timed.h"
#include "nn/checkpoint_io.h"
#include "server/label_frame.h"
#include "wire/protocol.h"
#include "wire/student_codec.h"

namespace shadowtutor::eval {
namespace {

tutor::SessionOptions OptionsOfSession(std::shared_ptr<const nn::Checkpoint> student,
                                       const distill::Policy& policy) {
  tutor::SessionOptions session;
  session.student = std::move(student);
  session.policy = policy;
  return session;
}

wire::Hello HelloFor(const StrategyOptions& options) {
  wire::Hello hello;
  hello.frame_codec = options.frame_codec.value_or(wire::FrameCodec::kRaw);
  hello.update_codec = options.update_codec.value_or(wire::UpdateCodec::kFp32);
  hello.takes_parts = options.delay == kDelayAuto;
  return hello;
}

// What a device without a student would be sent. The one in the simulation has it already.
size_t FirstStudentBytes(const nn::Checkpoint& student, const StrategyOptions& options) {
  if (options.update_codec != wire::UpdateCodec::kCoded) {
    return nn::SerializeCheckpoint(student).size();
  }
  const wire::PackedStudent packed = wire::PackStudent(student);
  return packed.header.size() + packed.coded.size();
}

}  // namespace

VirtualLink::VirtualLink(std::shared_ptr<const nn::Checkpoint> student, teacher::Teacher& teacher,
                         const distill::Policy& policy, const StrategyOptions& options,
                         double frames_per_second)
    : teacher_(teacher),
      options_(options),
      classes_(student->layout->spec().classes),
      encoder_(wire::MakeKeyFrameEncoder(options.frame_codec.value_or(wire::FrameCodec::kRaw),
                                         options.quality)),
      session_(OptionsOfSession(student, policy), HelloFor(options), "eval"),
      clock_(options.delay, options.timing, frames_per_second) {
  totals_.bytes_first_student = FirstStudentBytes(*student, options);
}

void VirtualLink::BeginFrame(uint64_t index) {
  now_ = index;
  while (session_.MoreToCome() && clock_.IdleBefore(index)) {
    std::optional<wire::Update> part = session_.Continue(last_, workspace_);
    if (!part) break;
    Send(std::move(*part));
  }
}

bool VirtualLink::SendKeyFrame(ImageView frame, uint64_t frame_index) {
  wire::KeyFrame key_frame;
  key_frame.frame_index = frame_index;
  key_frame.held_version = session_.version();
  key_frame.codec = encoder_->codec();
  key_frame.size = frame.size();
  key_frame.data = Timed(totals_.encode_ms, [&] { return encoder_->Encode(frame); });

  last_ = server::LabelKeyFrame(teacher_, decoder_, key_frame, classes_);
  wire::Update update = session_.Train(last_, workspace_);
  ++totals_.key_frames;
  totals_.trained_key_frames += update.steps > 0;
  totals_.bytes_up += key_frame.data.size();
  clock_.Receive(frame_index, last_.teacher_ms);
  Send(std::move(update));
  totals_.delay_frames += coming_.back().due - frame_index;
  return true;
}

// Puts what was trained last for the present key frame on its way.
void VirtualLink::Send(wire::Update update) {
  totals_.distillation_steps += static_cast<uint64_t>(update.steps);
  totals_.bytes_down += update.payload.size();
  totals_.server_ms += update.train_ms;
  const uint64_t due = clock_.Answer(update.steps, update.train_ms);
  coming_.push_back({std::move(update), due});
}

std::optional<wire::Update> VirtualLink::PollUpdate() {
  if (coming_.empty() || now_ < coming_.front().due) return std::nullopt;
  return HandOut();
}

std::optional<wire::Update> VirtualLink::WaitForUpdate() { return HandOut(); }

std::optional<wire::Update> VirtualLink::HandOut() {
  if (coming_.empty()) return std::nullopt;
  wire::Update update = std::move(coming_.front().update);
  coming_.pop_front();
  return update;
}

void VirtualLink::RequestStudent(const std::string& why) {
  throw Error(
      ErrorCode::kInternal,
      "client and trainer differ in the simulation, which is a defect of this program: " + why);
}

}  // namespace shadowtutor::eval
