// Students for tests of conversations, and the messages that bring them.
#ifndef SHADOWTUTOR_LINK_TESTING_STUDENTS_H_
#define SHADOWTUTOR_LINK_TESTING_STUDENTS_H_

#include <cstdint>
#include <memory>
#include <span>

#include "nn/checkpoint_io.h"
#include "nn/network.h"
#include "wire/protocol.h"
#include "wire/update_codec.h"

namespace shadowtutor::link {

inline std::shared_ptr<const nn::Checkpoint> SmallStudent(uint64_t seed) {
  const nn::NetworkSpec spec{2, 4, 4, 16, 16, 16, 16, 16, 16, 16};
  return std::make_shared<const nn::Checkpoint>(
      nn::FreshStudent(spec, {{"background", {}}, {"person", {255, 0, 0}}}, 0, seed));
}

inline std::span<const float> Trained(const nn::Checkpoint& student) {
  return std::span(student.weights)
      .subspan(student.layout->TrainedOffset(nn::kPartialDistillation));
}

inline wire::WholeStudent Sent(const nn::Checkpoint& student, uint64_t version) {
  wire::WholeStudent message;
  message.version = version;
  message.safetensors = nn::SerializeCheckpoint(student);
  message.checksum = wire::WeightChecksum(Trained(student));
  return message;
}

/// The welcome of a session that begins with `student`, which travels along if `sent`.
inline wire::Welcome WelcomeWith(const nn::Checkpoint& student, uint64_t version, bool sent) {
  wire::Welcome welcome;
  welcome.session_id = "s1";
  welcome.teacher = "a teacher";
  welcome.classes = student.classes;
  welcome.background = student.background;
  welcome.student_version = version;
  welcome.student_checksum = wire::WeightChecksum(Trained(student));
  if (sent) welcome.student = Sent(student, version);
  return welcome;
}

}  // namespace shadowtutor::link

#endif  // SHADOWTUTOR_LINK_TESTING_STUDENTS_H_
