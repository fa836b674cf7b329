// What the tests of Session share: options of a small server, hellos, and what a client does with
// the answers.
#ifndef SHADOWTUTOR_TUTOR_TESTING_SESSION_FIXTURE_H_
#define SHADOWTUTOR_TUTOR_TESTING_SESSION_FIXTURE_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "nn/checkpoint_io.h"
#include "tutor/session.h"
#include "tutor/testing/small_student.h"
#include "wire/coded_update.h"
#include "wire/frame_codec.h"
#include "wire/update_codec.h"

namespace shadowtutor::tutor {

inline SessionOptions Options(nn::Stage cut = nn::kPartialDistillation) {
  SessionOptions options;
  options.student = std::make_shared<const nn::Checkpoint>(SmallStudent(1));
  options.name = wire::NameOfStudent(*options.student);
  options.policy.trainer.cut = cut;
  options.policy.trainer.threshold = 0.95;  // so that there is something to train
  options.teacher = "a fake teacher";
  options.server_version = "test";
  return options;
}

inline wire::HeldStudent Held(const nn::Checkpoint& student, uint64_t version, nn::Stage cut) {
  wire::HeldStudent held;
  held.version = version;
  for (const ClassInfo& info : student.classes) held.class_names.push_back(info.name);
  held.parameter_count = student.layout->size();
  held.cut = cut;
  const std::span<const float> weights = student.weights;
  const size_t offset = student.layout->TrainedOffset(cut);
  held.frozen_checksum = wire::WeightChecksum(weights.first(offset));
  held.trained.assign(weights.begin() + offset, weights.end());
  held.trained_checksum = wire::WeightChecksum(held.trained);
  return held;
}

inline wire::Hello HelloWith(wire::HeldStudent held) {
  wire::Hello hello;
  hello.held = std::move(held);
  return hello;
}

// What a client does: holds a student, applies updates to it, checks them.
class ModelClient {
 public:
  explicit ModelClient(const wire::Welcome& welcome)
      : student_(nn::ParseCheckpoint(welcome.student.value().safetensors)),
        offset_(student_.layout->TrainedOffset(welcome.policy.trainer.cut)),
        version_(welcome.student_version),
        coded_(*student_.layout,
               nn::ParameterSelection(*student_.layout, welcome.policy.trainer.cut,
                                      nn::ParameterKinds::kAll)) {}

  void Apply(const wire::Update& update) {
    ASSERT_EQ(update.base_version, version_);
    if (!update.payload.empty()) {
      const std::vector<float> after =
          update.codec == wire::UpdateCodec::kCoded
              ? coded_.Decode(trained(), update.payload)
              : wire::DecodeUpdate(update.codec, trained(), update.payload);
      std::copy(after.begin(), after.end(), student_.weights.begin() + offset_);
    }
    version_ = update.new_version;
    EXPECT_EQ(wire::WeightChecksum(trained()), update.checksum);
  }

  std::span<const float> trained() const {
    return std::span<const float>(student_.weights).subspan(offset_);
  }
  const nn::Checkpoint& student() const { return student_; }
  uint64_t version() const { return version_; }

 private:
  nn::Checkpoint student_;
  size_t offset_;
  uint64_t version_;
  wire::CodedUpdates coded_;
};

inline SessionOptions OptionsWithParts(nn::Stage cut = nn::kPartialDistillation) {
  SessionOptions options = Options(cut);
  options.policy.trainer.threshold = 1;
  options.policy.trainer.max_updates = 5;
  options.policy.trainer.first_updates = 7;
  options.policy.trainer.averaging = 0.5;
  options.policy.part_updates = 3;
  options.policy.idle_updates = 4;
  options.policy.shown_labels = 2;
  return options;
}

inline wire::Hello HelloWithParts(wire::UpdateCodec codec = wire::UpdateCodec::kFp32) {
  wire::Hello hello;
  hello.update_codec = codec;
  hello.takes_parts = true;
  return hello;
}

class SessionTest : public testing::Test {
 protected:
  LabelledFrame Labelled(const wire::KeyFrame& key_frame) {
    LabelledFrame labelled;
    labelled.frame_index = key_frame.frame_index;
    labelled.frame = wire::UnpackRawFrame(key_frame.data, key_frame.size);
    labelled.answer.label = LabelBright(labelled.frame);
    return labelled;
  }
  wire::Update Teach(Session& session, const wire::KeyFrame& frame) {
    return session.Train(Labelled(frame), workspace_);
  }
  std::shared_ptr<nn::TrainingWorkspace> workspace_ = std::make_shared<nn::TrainingWorkspace>();
};

}  // namespace shadowtutor::tutor

#endif  // SHADOWTUTOR_TUTOR_TESTING_SESSION_FIXTURE_H_
