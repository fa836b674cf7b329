#include "shadowtutor/trainer.h"

#include <utility>

#include "api/policy_of.h"
#include "distill/key_frame_stride.h"
#include "distill/miou.h"
#include "nn/training_workspace.h"
#include "tutor/session.h"
#include "wire/frame_codec.h"
#include "wire/message_bytes.h"
#include "wire/named_student.h"
#include "wire/student_codec.h"

namespace shadowtutor {
namespace {

tutor::SessionOptions SessionOptionsOf(const Student& student, const TrainerOptions& options) {
  tutor::SessionOptions session;
  session.student = student.checkpoint();
  session.name = wire::NameOfStudent(*session.student);
  if (options.coded && !options.device_has_student) {
    session.packed =
        std::make_shared<const wire::PackedStudent>(wire::PackStudent(*session.student));
  }
  session.policy = api::PolicyOf(options);
  return session;
}

wire::Hello HelloOf(const Student& student, const TrainerOptions& options) {
  wire::Hello hello;
  hello.update_codec = options.coded ? wire::UpdateCodec::kCoded : wire::UpdateCodec::kFp32;
  hello.takes_coded_student = options.coded;
  if (options.device_has_student) hello.named = wire::NameOfStudent(*student.checkpoint());
  return hello;
}

}  // namespace

struct Trainer::Impl {
  Impl(const Student& student, const TrainerOptions& options)
      : session(SessionOptionsOf(student, options), HelloOf(student, options), "trainer"),
        welcome(session.TakeWelcome()) {}

  tutor::Session session;
  wire::Welcome welcome;  // with a student until it was sent, if the device needs one
  bool greeted = false;
  const std::shared_ptr<nn::TrainingWorkspace> workspace =
      std::make_shared<nn::TrainingWorkspace>();
};

Trainer::Trainer(const Student& student, const TrainerOptions& options)
    : impl_(std::make_unique<Impl>(student, options)) {}
Trainer::~Trainer() = default;
Trainer::Trainer(Trainer&&) noexcept = default;
Trainer& Trainer::operator=(Trainer&&) noexcept = default;

std::vector<uint8_t> Trainer::Greeting() {
  wire::Welcome& welcome = impl_->welcome;
  if (std::exchange(impl_->greeted, true)) {
    welcome.student = impl_->session.Whole();
    welcome.student_version = welcome.student->version;
    welcome.student_checksum = welcome.student->checksum;
  }
  std::vector<uint8_t> message = wire::ToBytes(welcome);
  welcome.student.reset();
  return message;
}

Trained Trainer::Train(uint64_t frame_index, ImageView frame, const TeacherAnswer& answer) {
  wire::CheckFrameSize(frame.empty() ? FrameSize() : frame.size());
  tutor::LabelledFrame labelled;
  labelled.frame_index = frame_index;
  labelled.frame = Image(frame);
  labelled.answer = answer;
  const wire::Update update = impl_->session.Train(labelled, impl_->workspace);
  return {update.metric, update.initial_metric, update.steps, wire::ToBytes(update)};
}

std::vector<uint8_t> Trainer::WholeStudent() { return wire::ToBytes(impl_->session.Whole()); }

std::vector<uint8_t> Trainer::NoUpdate(uint64_t frame_index, const std::string& why) {
  return wire::ToBytes(wire::ErrorMessage{ErrorCode::kUnavailable, why, false, frame_index});
}

Student Trainer::student() const {
  return Student(std::make_shared<const nn::Checkpoint>(impl_->session.student()));
}

int NextStride(int stride, double metric, double threshold, int min_stride, int max_stride) {
  const distill::StrideOptions options{threshold, min_stride, max_stride};
  distill::Validate(options);
  return distill::NextStride(stride, metric, options);
}

double MeanIoU(const LabelMap& predicted, const LabelMap& expected, int classes) {
  return distill::MeanIoU(predicted, expected, classes);
}

}  // namespace shadowtutor
