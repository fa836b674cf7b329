#include "wire/student_codec.h"

#include <cmath>
#include <utility>

#include "core/half.h"
#include "nn/checkpoint_io.h"
#include "nn/parameter_selection.h"
#include "shadowtutor/types.h"
#include "wire/coded_update.h"
#include "wire/limits.h"

namespace shadowtutor::wire {
namespace {

// The quantiser's step, of the mean size (root mean square) of a tensor's weights.
constexpr float kStep = 0.12f;

// The mean size of a tensor's weights as the upper half of a float; that of a tensor of zeros is 1.
uint16_t ScaleOf(std::span<const float> weights) {
  double squares = 0;
  for (const float weight : weights) squares += double{weight} * double{weight};
  const auto mean = static_cast<float>(std::sqrt(squares / static_cast<double>(weights.size())));
  constexpr float kLeast = 1e-20f;
  return UpperHalfOf(mean > kLeast ? mean : 1.0f);
}

// The weights, each divided by the mean size of its tensor's, are coded as the change from 0.
CodedUpdates WholeOf(const nn::NetworkLayout& layout) {
  return CodedUpdates(
      layout, nn::ParameterSelection(layout, nn::kFullDistillation, nn::ParameterKinds::kAll));
}

}  // namespace

PackedStudent PackStudent(const nn::Checkpoint& student) {
  PackedStudent packed;
  packed.header =
      nn::SerializeCheckpoint(student);  // fp32 weights in the network's order at its end
  packed.header.resize(packed.header.size() - student.weights.size() * sizeof(float));
  const std::vector<float> nothing(student.weights.size(), 0.0f);
  std::vector<float> scaled = student.weights;
  for (const nn::ParameterInfo& tensor : student.layout->parameters()) {
    const auto weights = std::span(scaled).subspan(tensor.offset, tensor.count);
    const uint16_t scale = ScaleOf(weights);
    packed.coded.push_back(static_cast<uint8_t>(scale));
    packed.coded.push_back(static_cast<uint8_t>(scale >> 8));
    for (float& weight : weights) weight /= FloatFromUpperHalf(scale);
  }
  const std::vector<uint8_t> changes = WholeOf(*student.layout).Encode(nothing, scaled, kStep);
  packed.coded.insert(packed.coded.end(), changes.begin(), changes.end());
  packed.student = std::make_shared<const nn::Checkpoint>(
      UnpackStudent(packed.header, packed.coded, student.weights.size()));
  return packed;
}

nn::Checkpoint UnpackStudent(std::span<const uint8_t> header, std::span<const uint8_t> coded,
                             uint64_t weights) {
  if (weights > kMaxStudentFloats) {
    throw Error(ErrorCode::kDataLoss, "a coded student has too many weights");
  }
  // The header says which weights there are. The file is completed with zeros.
  std::vector<uint8_t> file(header.begin(), header.end());
  file.resize(file.size() + static_cast<size_t>(weights) * sizeof(float), 0);
  nn::Checkpoint student = nn::ParseCheckpoint(file);
  const auto& tensors = student.layout->parameters();
  if (coded.size() < 2 * tensors.size()) {
    throw Error(ErrorCode::kDataLoss, "a coded student is truncated");
  }
  student.weights =
      WholeOf(*student.layout).Decode(student.weights, coded.subspan(2 * tensors.size()));
  for (size_t i = 0; i < tensors.size(); ++i) {
    const float scale =
        FloatFromUpperHalf(static_cast<uint16_t>(coded[2 * i] | coded[2 * i + 1] << 8));
    for (float& weight : std::span(student.weights).subspan(tensors[i].offset, tensors[i].count)) {
      weight *= scale;
      if (!std::isfinite(weight)) {
        throw Error(ErrorCode::kDataLoss, "a coded student has weights that are not finite");
      }
    }
  }
  return student;
}

}  // namespace shadowtutor::wire
