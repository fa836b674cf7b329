#include "eval/sim/virtual_link.h"

#include <utility>

#include "wire/key_frame_codec.h"
#include "wire/protocol.h"

namespace shadowtutor::eval {
namespace {

server::SessionOptions OptionsOfSession(std::shared_ptr<const nn::Checkpoint> student,
                                        const distill::Policy& policy) {
  server::SessionOptions session;
  session.student = std::move(student);
  session.policy = policy;
  return session;
}

wire::Hello HelloFor(const StrategyOptions& options) {
  wire::Hello hello;
  hello.frame_codec = options.frame_codec;
  hello.update_codec = options.update_codec;
  return hello;
}

}  // namespace

VirtualLink::VirtualLink(std::shared_ptr<const nn::Checkpoint> student, teacher::Teacher& teacher,
                         const distill::Policy& policy, const StrategyOptions& options)
    : teacher_(teacher),
      options_(options),
      classes_(student->layout->spec().classes),
      session_(OptionsOfSession(std::move(student), policy), HelloFor(options), "eval") {}

bool VirtualLink::SendKeyFrame(ImageView frame, uint64_t frame_index) {
  wire::KeyFrame key_frame;
  key_frame.frame_index = frame_index;
  key_frame.held_version = session_.version();
  key_frame.codec = options_.frame_codec;
  key_frame.size = frame.size();
  key_frame.data = wire::PackFrame(options_.frame_codec, frame, options_.jpeg_quality);

  outstanding_ = session_.Train(server::LabelKeyFrame(teacher_, key_frame, classes_), workspace_);

  ++totals_.key_frames;
  totals_.trained_key_frames += outstanding_->steps > 0;
  totals_.distillation_steps += static_cast<uint64_t>(outstanding_->steps);
  totals_.bytes_up += key_frame.data.size();
  totals_.bytes_down += outstanding_->payload.size();
  totals_.server_ms += outstanding_->train_ms;
  return true;
}

std::optional<wire::Update> VirtualLink::PollUpdate() {
  if (!outstanding_ || now_ < outstanding_->frame_index + static_cast<uint64_t>(options_.delay)) {
    return std::nullopt;
  }
  return std::exchange(outstanding_, std::nullopt);
}

std::optional<wire::Update> VirtualLink::WaitForUpdate() {
  return std::exchange(outstanding_, std::nullopt);
}

void VirtualLink::RequestStudent(const std::string& why) {
  throw Error(
      ErrorCode::kInternal,
      "client and trainer differ in the simulation, which is a defect of this program: " + why);
}

}  // namespace shadowtutor::eval
