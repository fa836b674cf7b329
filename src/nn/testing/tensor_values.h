// For tests: the values of tensors in safetensors files.
#ifndef SHADOWTUTOR_NN_TESTING_TENSOR_VALUES_H_
#define SHADOWTUTOR_NN_TESTING_TENSOR_VALUES_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <vector>

#include "core/half.h"
#include "nn/safetensors.h"
#include "shadowtutor/types.h"

namespace shadowtutor::nn {

template <typename T>
std::vector<double> Widened(std::span<const uint8_t> bytes) {
  std::vector<double> values(bytes.size() / sizeof(T));
  for (size_t i = 0; i < values.size(); ++i) {
    T value;
    std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
    values[i] = static_cast<double>(value);
  }
  return values;
}

/// The elements as doubles, whatever their type. Throws std::invalid_argument for BF16.
inline std::vector<double> Doubles(const TensorView& tensor) {
  const std::span<const uint8_t> bytes = tensor.bytes;
  switch (tensor.type) {
    case TensorType::kBool:
    case TensorType::kU8:
      return Widened<uint8_t>(bytes);
    case TensorType::kI8:
      return Widened<int8_t>(bytes);
    case TensorType::kI16:
      return Widened<int16_t>(bytes);
    case TensorType::kU16:
      return Widened<uint16_t>(bytes);
    case TensorType::kI32:
      return Widened<int32_t>(bytes);
    case TensorType::kU32:
      return Widened<uint32_t>(bytes);
    case TensorType::kF32:
      return Widened<float>(bytes);
    case TensorType::kF64:
      return Widened<double>(bytes);
    case TensorType::kI64:
      return Widened<int64_t>(bytes);
    case TensorType::kU64:
      return Widened<uint64_t>(bytes);
    case TensorType::kF16: {
      std::vector<double> values = Widened<uint16_t>(bytes);
      for (double& value : values) value = FloatFromHalf(static_cast<uint16_t>(value));
      return values;
    }
    case TensorType::kBF16:
      break;
  }
  throw std::invalid_argument(tensor.name + " is BF16, which is not read");
}

/// The pixels of a tensor of BGR bytes, [height][width][3].
inline Image ImageOf(const TensorView& tensor) {
  Image image(static_cast<int>(tensor.shape.at(1)), static_cast<int>(tensor.shape.at(0)));
  image.bytes().assign(tensor.bytes.begin(), tensor.bytes.end());
  return image;
}

/// The labels of a tensor of bytes, [height][width].
inline LabelMap LabelOf(const TensorView& tensor) {
  LabelMap label(static_cast<int>(tensor.shape.at(1)), static_cast<int>(tensor.shape.at(0)));
  label.labels().assign(tensor.bytes.begin(), tensor.bytes.end());
  return label;
}

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_TESTING_TENSOR_VALUES_H_
