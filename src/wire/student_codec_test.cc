#include "wire/student_codec.h"

#include <gtest/gtest.h>

#include <cmath>

#include "shadowtutor/types.h"

namespace shadowtutor::wire {
namespace {

nn::Checkpoint Student() {
  const ClassList classes = {{"person", {255, 0, 0}}, {"dog", {0, 255, 0}}, {"rest", {0, 0, 0}}};
  return nn::FreshStudent(classes, 2, 7);
}

TEST(StudentCodec, TakesASixthAndKeepsTheRest) {
  const nn::Checkpoint student = Student();
  const PackedStudent packed = PackStudent(student);
  EXPECT_LT(packed.header.size() + packed.coded.size(), student.weights.size() * 4 / 5);
  const nn::Checkpoint& back = *packed.student;
  EXPECT_EQ(back.classes, student.classes);
  EXPECT_EQ(back.background, 2);
  EXPECT_EQ(back.layout->spec(), student.layout->spec());
  for (const nn::ParameterInfo& tensor : student.layout->parameters()) {
    double error = 0, size = 0;
    for (size_t i = tensor.offset; i < tensor.offset + tensor.count; ++i) {
      error += std::pow(back.weights[i] - student.weights[i], 2);
      size += std::pow(student.weights[i], 2);
    }
    EXPECT_LE(std::sqrt(error), 0.04 * std::sqrt(size)) << tensor.name;
  }
  const nn::Checkpoint again = UnpackStudent(packed.header, packed.coded, student.weights.size());
  EXPECT_EQ(again.weights, back.weights);
}

TEST(StudentCodec, RefusesWhatIsDamaged) {
  const nn::Checkpoint student = Student();
  const PackedStudent packed = PackStudent(student);
  const auto code = [&](std::span<const uint8_t> header, std::span<const uint8_t> coded,
                        uint64_t weights) {
    try {
      UnpackStudent(header, coded, weights);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::kInternal;
  };
  const uint64_t count = student.weights.size();
  EXPECT_EQ(code(packed.header, packed.coded, count - 1), ErrorCode::kDataLoss);
  EXPECT_EQ(code(packed.header, packed.coded, UINT64_MAX), ErrorCode::kDataLoss);
  EXPECT_EQ(code(std::span(packed.header).first(100), packed.coded, count), ErrorCode::kDataLoss);
  EXPECT_EQ(code(packed.header, std::span(packed.coded).first(1000), count), ErrorCode::kDataLoss);
  EXPECT_EQ(code(packed.header, {}, count), ErrorCode::kDataLoss);
}

}  // namespace
}  // namespace shadowtutor::wire
