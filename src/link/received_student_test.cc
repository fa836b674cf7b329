#include "link/received_student.h"

#include <gtest/gtest.h>

#include "link/testing/students.h"
#include "nn/checkpoint_io.h"
#include "wire/student_codec.h"
#include "wire/update_codec.h"

namespace shadowtutor::link {
namespace {

TEST(ReceivedStudent, IsTheOneThatWasSent) {
  const auto student = SmallStudent(1);
  const auto whole = ParseStudent(Sent(*student, 7), nn::kPartialDistillation);
  EXPECT_EQ(whole.version, 7u);
  EXPECT_EQ(whole.student->weights, student->weights);
  EXPECT_EQ(whole.student->classes, student->classes);
}

TEST(ReceivedStudent, MayBeCoded) {
  const auto packed = wire::PackStudent(*SmallStudent(1));
  wire::WholeStudent message;
  message.safetensors = packed.header;
  message.coded = packed.coded;
  message.weights = packed.student->weights.size();
  message.checksum = wire::WeightChecksum(packed.student->weights);
  const auto whole = ParseStudent(message, nn::kFullDistillation);
  EXPECT_EQ(whole.student->weights, packed.student->weights);
}

TEST(ReceivedStudent, ThatWasDamagedIsRefused) {
  const auto refuses = [](const wire::WholeStudent& message, nn::Stage cut) {
    try {
      ParseStudent(message, cut);
    } catch (const Error& error) {
      return error.code() == ErrorCode::kDataLoss;
    }
    return false;
  };
  wire::WholeStudent message = Sent(*SmallStudent(1), 7);
  EXPECT_TRUE(refuses(message, nn::kFullDistillation)) << "the sum is of another part";
  message.checksum ^= 1;
  EXPECT_TRUE(refuses(message, nn::kPartialDistillation));
  message = Sent(*SmallStudent(1), 7);
  message.safetensors.resize(message.safetensors.size() - 1);
  EXPECT_ANY_THROW(ParseStudent(message, nn::kPartialDistillation));
}

}  // namespace
}  // namespace shadowtutor::link
