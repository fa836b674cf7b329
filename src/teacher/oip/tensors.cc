#include "teacher/oip/tensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>

#include "core/half.h"
#include "core/text.h"
#include "core/untrusted_text.h"
#include "teacher/oip/limits.h"

namespace shadowtutor::teacher::oip {
namespace {

static_assert(std::endian::native == std::endian::little, "raw contents are little-endian");

using Contents = inference::InferTensorContents;

template <typename T>
void FromRaw(const char* bytes, size_t count, float* values) {
  for (size_t i = 0; i < count; ++i) {
    T value;
    std::memcpy(&value, bytes + i * sizeof value, sizeof value);
    values[i] = static_cast<float>(value);
  }
}

void FromHalves(const char* bytes, size_t count, float* values) {
  for (size_t i = 0; i < count; ++i) {
    uint16_t half;
    std::memcpy(&half, bytes + i * sizeof half, sizeof half);
    values[i] = FloatFromHalf(half);
  }
}

// A byte for each.
void FromBools(const char* bytes, size_t count, float* values) {
  for (size_t i = 0; i < count; ++i) values[i] = bytes[i] != 0 ? 1.0f : 0.0f;
}

template <typename Field>
bool FromField(const Field& field, size_t count, float* values) {
  if (static_cast<size_t>(field.size()) != count) return false;
  std::transform(field.begin(), field.end(), values, [](auto v) { return static_cast<float>(v); });
  return true;
}
bool FromBoolField(const Contents& c, size_t n, float* v) {
  return FromField(c.bool_contents(), n, v);
}
bool FromIntField(const Contents& c, size_t n, float* v) {
  return FromField(c.int_contents(), n, v);
}
bool FromInt64Field(const Contents& c, size_t n, float* v) {
  return FromField(c.int64_contents(), n, v);
}
bool FromUintField(const Contents& c, size_t n, float* v) {
  return FromField(c.uint_contents(), n, v);
}
bool FromFloatField(const Contents& c, size_t n, float* v) {
  return FromField(c.fp32_contents(), n, v);
}
bool FromDoubleField(const Contents& c, size_t n, float* v) {
  return FromField(c.fp64_contents(), n, v);
}

struct OutputType {
  std::string_view name;
  size_t bytes;
  void (*from_raw)(const char* bytes, size_t count, float* values);
  // Returns false when the field has another number of values. Null: this type has no field.
  bool (*from_contents)(const Contents& contents, size_t count, float* values);
};

constexpr std::array<OutputType, 10> kOutputTypes = {{
    {"FP32", 4, FromRaw<float>, FromFloatField},
    {"FP16", 2, FromHalves, nullptr},
    {"FP64", 8, FromRaw<double>, FromDoubleField},
    {"INT64", 8, FromRaw<int64_t>, FromInt64Field},
    {"INT32", 4, FromRaw<int32_t>, FromIntField},
    {"INT16", 2, FromRaw<int16_t>, FromIntField},
    {"INT8", 1, FromRaw<int8_t>, FromIntField},
    {"UINT16", 2, FromRaw<uint16_t>, FromUintField},
    {"UINT8", 1, FromRaw<uint8_t>, FromUintField},
    {"BOOL", 1, FromBools, FromBoolField},
}};

constexpr std::array<std::string_view, 3> kInputTypes = {"FP32", "FP16", "UINT8"};

const OutputType* FindOutputType(std::string_view datatype) {
  const auto found = std::find_if(kOutputTypes.begin(), kOutputTypes.end(),
                                  [&](const OutputType& type) { return type.name == datatype; });
  return found == kOutputTypes.end() ? nullptr : &*found;
}

[[noreturn]] void Damaged(const std::string& sentence) {
  throw Error(ErrorCode::kDataLoss, "the inference server's answer is damaged: " + sentence);
}

std::string Named(const inference::ModelInferResponse::InferOutputTensor& output) {
  return "output \"" + Showable(output.name(), kMaxServerText) + "\"";
}

// The shape, and the number of its values; 0 where a side is 0.
size_t ReadShape(const inference::ModelInferResponse::InferOutputTensor& output,
                 std::vector<int>& shape) {
  if (output.shape_size() > kMaxDimensions) {
    Damaged(Named(output) + " has " + std::to_string(output.shape_size()) + " dimensions");
  }
  int64_t count = 1;
  for (const int64_t side : output.shape()) {
    if (side < 0 || side > std::numeric_limits<int>::max()) {
      Damaged(Named(output) + " has a side of " + std::to_string(side));
    }
    shape.push_back(static_cast<int>(side));
    if (side > 0 && count > kMaxElements / side) {
      Damaged(Named(output) + " has more than " + std::to_string(kMaxElements) + " values");
    }
    count *= side;
  }
  return static_cast<size_t>(count);
}

uint8_t PixelValue(float value) {
  return static_cast<uint8_t>(std::lround(std::clamp(value, 0.0f, 255.0f)));
}

// The values in the form of `raw_input_contents`.
std::string RawInput(const std::vector<float>& values, std::string_view datatype) {
  if (datatype == "UINT8") {
    std::string raw(values.size(), '\0');
    std::transform(values.begin(), values.end(), raw.begin(),
                   [](float value) { return static_cast<char>(PixelValue(value)); });
    return raw;
  }
  if (datatype == "FP16") {
    std::string raw(values.size() * sizeof(uint16_t), '\0');
    for (size_t i = 0; i < values.size(); ++i) {
      const uint16_t half = HalfFromFloat(values[i]);
      std::memcpy(raw.data() + i * sizeof half, &half, sizeof half);
    }
    return raw;
  }
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

}  // namespace

bool IsInputType(std::string_view datatype) {
  return std::find(kInputTypes.begin(), kInputTypes.end(), datatype) != kInputTypes.end();
}

bool IsOutputType(std::string_view datatype) { return FindOutputType(datatype) != nullptr; }

std::string InputTypes() {
  std::string names;
  for (const std::string_view name : kInputTypes) {
    names.append(names.empty() ? "" : ", ").append(name);
  }
  return names;
}

std::string OutputTypes() {
  std::string names;
  for (const OutputType& type : kOutputTypes) {
    names.append(names.empty() ? "" : ", ").append(type.name);
  }
  return names;
}

void AddValues(const std::vector<float>& values, const std::string& datatype, bool typed,
               inference::ModelInferRequest::InferInputTensor& input,
               inference::ModelInferRequest& request) {
  input.set_datatype(datatype);
  if (!typed) {
    *request.add_raw_input_contents() = RawInput(values, datatype);
  } else if (datatype == "FP32") {
    input.mutable_contents()->mutable_fp32_contents()->Add(values.begin(), values.end());
  } else if (datatype == "UINT8") {
    auto& field = *input.mutable_contents()->mutable_uint_contents();
    field.Reserve(static_cast<int>(values.size()));
    for (const float value : values) field.AddAlreadyReserved(PixelValue(value));
  } else {
    throw Error(ErrorCode::kInvalidArgument,
                "this inference server takes inputs in typed contents only, in which " + datatype +
                    " cannot travel; serve the model for FP32 or UINT8");
  }
}

std::vector<NamedTensor> Outputs::Take(inference::ModelInferResponse answer) {
  answer_ = std::move(answer);
  converted_.clear();
  if (answer_.outputs_size() > kMaxOutputs) {
    Damaged("it has " + std::to_string(answer_.outputs_size()) + " outputs");
  }
  const int raw = answer_.raw_output_contents_size();
  if (raw > 0 && raw != answer_.outputs_size()) {
    Damaged("it has " + std::to_string(answer_.outputs_size()) + " outputs and the values of " +
            std::to_string(raw));
  }
  std::vector<NamedTensor> tensors;
  for (int i = 0; i < answer_.outputs_size(); ++i) {
    const auto& output = answer_.outputs(i);
    if (!IsOutputType(output.datatype())) continue;
    NamedTensor tensor;
    tensor.name = output.name().empty() ? std::to_string(i) : output.name();
    const size_t count = ReadShape(output, tensor.tensor.shape);
    tensor.tensor.values = Values(i, count);
    tensors.push_back(std::move(tensor));
  }
  if (tensors.empty()) {
    Damaged("it has no output of a type that is read (" + OutputTypes() + ")");
  }
  return tensors;
}

const float* Outputs::Values(int index, size_t count) {
  const auto& output = answer_.outputs(index);
  const OutputType& type = *FindOutputType(output.datatype());
  if (answer_.raw_output_contents_size() > 0) {
    const std::string& raw = answer_.raw_output_contents(index);
    if (raw.size() != count * type.bytes) {
      Damaged(Named(output) + " of " + std::to_string(count) + " values in " +
              std::string(type.name) + " has " + std::to_string(raw.size()) + " bytes instead of " +
              std::to_string(count * type.bytes));
    }
    const bool aligned = reinterpret_cast<uintptr_t>(raw.data()) % alignof(float) == 0;
    if (type.name == "FP32" && aligned) return reinterpret_cast<const float*>(raw.data());
    std::vector<float>& values = converted_.emplace_back(count);
    type.from_raw(raw.data(), count, values.data());
    return values.data();
  }
  std::vector<float>& values = converted_.emplace_back();
  // Before memory is taken: the fields hold what was received.
  const Contents& contents = output.contents();
  const size_t received = contents.ByteSizeLong();
  if (count > 0 && received < count) {
    Damaged(Named(output) + " has no values, or fewer than its shape says");
  }
  values.resize(count);
  if (!type.from_contents) {
    Damaged(Named(output) + " is " + std::string(type.name) + ", but not in raw_output_contents");
  }
  if (!type.from_contents(contents, count, values.data())) {
    Damaged(Named(output) + " has another number of values than the " + std::to_string(count) +
            " that its shape says");
  }
  return values.data();
}

}  // namespace shadowtutor::teacher::oip
