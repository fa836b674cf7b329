#include "teacher/onnx_format.h"

#include <algorithm>
#include <array>
#include <set>

namespace shadowtutor::teacher::onnx {
namespace {

// The fields on the way from an input to its shape.
constexpr uint64_t kValueName = 1, kValueType = 2;
constexpr uint64_t kTypeTensor = 1;
constexpr uint64_t kTensorShape = 2;
constexpr uint64_t kShapeDim = 1;
constexpr uint64_t kDimValue = 1;

constexpr uint64_t kMostValues = uint64_t{1} << 31;

bool IsControl(char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }

// The number of packed values, or 1 for a value that is not packed. `bytes`: of a value; 0: it is a
// varint.
uint64_t CountValues(const ProtobufField& field, uint64_t bytes) {
  if (!field.has_bytes) return 1;
  if (bytes > 0) return field.bytes.size() / bytes;
  return static_cast<uint64_t>(std::count_if(field.bytes.begin(), field.bytes.end(), [](char c) {
    return !(static_cast<uint8_t>(c) & 0x80);
  }));
}

std::optional<std::pair<std::string, std::string>> ParseEntry(std::string_view message) {
  std::pair<std::string, std::string> entry;
  ProtobufReader reader(message);
  ProtobufField field;
  while (reader.Next(field)) {
    if (field.number == kEntryKey) entry.first = field.bytes;
    if (field.number == kEntryValue) entry.second = field.bytes;
  }
  if (reader.damaged()) return std::nullopt;
  return entry;
}

// The bytes of the last field with the number; nullopt: there is none, or it is damaged.
std::optional<std::string_view> Child(std::string_view message, uint64_t number) {
  std::optional<std::string_view> child;
  ProtobufReader reader(message);
  ProtobufField field;
  while (reader.Next(field)) {
    if (field.number == number && field.has_bytes) child = field.bytes;
  }
  return reader.damaged() ? std::nullopt : child;
}

}  // namespace

std::optional<Tensor> ParseTensor(std::string_view message) {
  Tensor tensor;
  ProtobufReader reader(message);
  ProtobufField field;
  while (reader.Next(field)) {
    switch (field.number) {
      case kTensorDims: {
        const auto dims = ParseNumbers(field);
        if (!dims) return std::nullopt;
        tensor.dims.insert(tensor.dims.end(), dims->begin(), dims->end());
        break;
      }
      case kTensorType:
        tensor.type = field.value;
        break;
      case kTensorName:
        tensor.name = field.bytes;
        break;
      case kTensorRaw:
        tensor.has_raw = true;
        tensor.raw_bytes = field.bytes.size();
        break;
      case kTensorFloats:
        tensor.typed_values += CountValues(field, 4);
        break;
      case kTensorDoubles:
        tensor.typed_values += CountValues(field, 8);
        break;
      case kTensorInt32s:
      case kTensorInt64s:
      case kTensorUint64s:
        tensor.typed_values += CountValues(field, 0);
        break;
      case kTensorTexts:
        ++tensor.typed_values;
        break;
      case kTensorExternal: {
        auto entry = ParseEntry(field.bytes);
        if (!entry) return std::nullopt;
        tensor.external_data.push_back(std::move(*entry));
        break;
      }
      case kTensorLocation:
        tensor.external = field.value == 1;
        break;
      default:
        break;
    }
  }
  if (reader.damaged()) return std::nullopt;
  return tensor;
}

std::optional<Input> ParseInput(std::string_view message) {
  Input input;
  std::optional<std::string_view> type;
  ProtobufReader reader(message);
  ProtobufField field;
  while (reader.Next(field)) {
    if (field.number == kValueName) input.name = field.bytes;
    if (field.number == kValueType) type = field.bytes;
  }
  if (reader.damaged()) return std::nullopt;
  const auto tensor = type ? Child(*type, kTypeTensor) : std::nullopt;
  const auto shape = tensor ? Child(*tensor, kTensorShape) : std::nullopt;
  if (!shape) return input;
  input.has_shape = true;
  ProtobufReader dims(*shape);
  while (dims.Next(field)) {
    if (field.number != kShapeDim) continue;
    int64_t value = 0;
    ProtobufReader dim(field.bytes);
    ProtobufField part;
    while (dim.Next(part)) {
      if (part.number == kDimValue && !part.has_bytes) value = static_cast<int64_t>(part.value);
    }
    if (dim.damaged()) return std::nullopt;
    input.dims.push_back(value);
  }
  if (dims.damaged()) return std::nullopt;
  return input;
}

std::optional<std::vector<int64_t>> ParseNumbers(const ProtobufField& field) {
  if (!field.has_bytes) return std::vector<int64_t>{static_cast<int64_t>(field.value)};
  std::vector<int64_t> numbers;
  uint64_t value = 0;
  unsigned shift = 0;
  for (const char c : field.bytes) {
    if (shift >= 64) return std::nullopt;
    value |= static_cast<uint64_t>(static_cast<uint8_t>(c) & 0x7f) << shift;
    shift += 7;
    if (static_cast<uint8_t>(c) & 0x80) continue;
    numbers.push_back(static_cast<int64_t>(value));
    value = 0;
    shift = 0;
  }
  if (shift != 0) return std::nullopt;
  return numbers;
}

std::optional<std::string_view> GraphOf(std::string_view model) {
  return Child(model, kModelGraph);
}

std::optional<std::vector<Input>> InputsOf(std::string_view graph) {
  std::vector<Input> inputs;
  std::set<std::string> known;
  ProtobufReader reader(graph);
  ProtobufField field;
  while (reader.Next(field)) {
    if (field.number == kGraphInput) {
      auto input = ParseInput(field.bytes);
      if (!input) return std::nullopt;
      inputs.push_back(std::move(*input));
    } else if (field.number == kGraphInitializer) {
      const auto name = Child(field.bytes, kTensorName);
      if (name) known.emplace(*name);
    }
  }
  if (reader.damaged()) return std::nullopt;
  std::erase_if(inputs, [&](const Input& input) { return known.contains(input.name); });
  return inputs;
}

bool HasControls(std::string_view text) { return std::any_of(text.begin(), text.end(), IsControl); }

std::string Shown(std::string_view name) {
  constexpr size_t kMostCharacters = 100;
  std::string shown(name.substr(0, kMostCharacters));
  std::replace_if(shown.begin(), shown.end(), IsControl, '?');
  return name.size() > kMostCharacters ? shown + "..." : shown;
}

uint64_t BytesOfType(uint64_t type) {
  // By TensorProto.DataType, from UNDEFINED to BFLOAT16.
  constexpr std::array<uint8_t, 17> kBytes = {0, 4, 1, 1, 2, 2, 4, 8, 0, 1, 2, 8, 4, 8, 8, 16, 2};
  return type < kBytes.size() ? kBytes[type] : 0;
}

std::optional<uint64_t> CountOf(const std::vector<int64_t>& dims) {
  uint64_t count = 1;
  for (const int64_t dim : dims) {
    if (dim < 0 || static_cast<uint64_t>(dim) > kMostValues) return std::nullopt;
    count *= static_cast<uint64_t>(dim);
    if (count > kMostValues) return std::nullopt;
  }
  return count;
}

}  // namespace shadowtutor::teacher::onnx
