#include "shadowtutor/student.h"

#include <utility>

#include "core/mutex.h"
#include "core/parallel.h"
#include "nn/checkpoint_io.h"
#include "nn/network.h"
#include "nn/predictor.h"
#include "wire/update_codec.h"

namespace shadowtutor {

Student::Student(std::shared_ptr<const nn::Checkpoint> checkpoint)
    : checkpoint_(std::move(checkpoint)) {}

Student Student::Load(const std::string& file) {
  return Student(std::make_shared<const nn::Checkpoint>(nn::LoadCheckpoint(file)));
}

Student Student::Parse(std::span<const uint8_t> bytes) {
  return Student(std::make_shared<const nn::Checkpoint>(nn::ParseCheckpoint(bytes)));
}

Student Student::Fresh(ClassList classes, const FreshStudentOptions& options) {
  const nn::NetworkSpec spec =
      nn::ScaledSpec(static_cast<int>(classes.size()), options.width, options.depth);
  return Student(std::make_shared<const nn::Checkpoint>(
      nn::FreshStudent(spec, std::move(classes), options.background, options.seed)));
}

void Student::Save(const std::string& file) const { nn::SaveCheckpoint(*checkpoint_, file); }

std::vector<uint8_t> Student::Serialize() const { return nn::SerializeCheckpoint(*checkpoint_); }

const ClassList& Student::classes() const { return checkpoint_->classes; }
int Student::background() const { return checkpoint_->background; }
size_t Student::parameter_count() const { return checkpoint_->weights.size(); }
uint64_t Student::checksum() const { return wire::WeightChecksum(checkpoint_->weights); }

struct Predictor::Impl {
  explicit Impl(nn::Predictor made) : predictor(std::move(made)) {}
  nn::Predictor predictor;
};

namespace {

std::shared_ptr<const nn::PackedWeights> Packed(const Student& student) {
  const nn::Checkpoint& checkpoint = *student.checkpoint();
  return nn::PackWeights(checkpoint.layout, checkpoint.weights);
}

}  // namespace

Predictor::Predictor(const Student& student) : impl_(new Impl{nn::Predictor(Packed(student))}) {}
Predictor::~Predictor() = default;
Predictor::Predictor(Predictor&&) noexcept = default;
Predictor& Predictor::operator=(Predictor&&) noexcept = default;

void Predictor::Predict(ImageView frame, LabelMap& labels) {
  impl_->predictor.Predict(frame, labels);
}

void Predictor::Use(const Student& student) { impl_->predictor.SetWeights(Packed(student)); }

void SetMaxThreads(int threads) {
  if (threads < 0) {
    throw Error(ErrorCode::kInvalidArgument, "the number of threads must not be negative");
  }
  static Mutex mutex;
  static std::unique_ptr<ThreadLimit> limit;
  const MutexLock lock(mutex);
  limit.reset();
  if (threads > 0) limit = std::make_unique<ThreadLimit>(threads);
}

}  // namespace shadowtutor
