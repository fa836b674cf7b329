#include "link/received_student.h"

#include <memory>
#include <span>
#include <utility>

#include "nn/checkpoint_io.h"
#include "wire/student_codec.h"
#include "wire/update_codec.h"

namespace shadowtutor::link {

client::ServerLink::WholeStudent ParseStudent(const wire::WholeStudent& message, nn::Stage cut) {
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

}  // namespace shadowtutor::link
