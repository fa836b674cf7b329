// The parts of ONNX's messages that are read here, with the numbers of their fields. Internal to
// teacher/.
#ifndef SHADOWTUTOR_TEACHER_ONNX_FORMAT_H_
#define SHADOWTUTOR_TEACHER_ONNX_FORMAT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "teacher/protobuf_reader.h"

namespace shadowtutor::teacher::onnx {

inline constexpr uint64_t kModelGraph = 7;
inline constexpr uint64_t kGraphNode = 1, kGraphInitializer = 5, kGraphInput = 11;
inline constexpr uint64_t kGraphOutput = 12;
inline constexpr uint64_t kNodeInput = 1, kNodeOutput = 2, kNodeName = 3, kNodeOperator = 4;
inline constexpr uint64_t kNodeAttribute = 5;
inline constexpr uint64_t kAttributeName = 1, kAttributeInt = 3, kAttributeTensor = 5;
inline constexpr uint64_t kAttributeGraph = 6, kAttributeInts = 8, kAttributeTensors = 10;
inline constexpr uint64_t kAttributeGraphs = 11;
inline constexpr uint64_t kTensorDims = 1, kTensorType = 2, kTensorFloats = 4, kTensorInt32s = 5;
inline constexpr uint64_t kTensorTexts = 6, kTensorInt64s = 7, kTensorName = 8, kTensorRaw = 9;
inline constexpr uint64_t kTensorDoubles = 10, kTensorUint64s = 11, kTensorExternal = 13;
inline constexpr uint64_t kTensorLocation = 14;
inline constexpr uint64_t kEntryKey = 1, kEntryValue = 2;

/// A tensor that the file has: a weight, or a constant.
struct Tensor {
  std::string name;
  std::vector<int64_t> dims;
  uint64_t type = 0;          // TensorProto.DataType
  bool has_raw = false;       // whether its values are in `raw`
  uint64_t raw_bytes = 0;     // the length of the raw values
  uint64_t typed_values = 0;  // the number of values in a list of their type
  bool external = false;      // whether its values are in another file
  std::vector<std::pair<std::string, std::string>> external_data;  // that file and the place in it
};

/// An input of the graph.
struct Input {
  std::string name;
  bool has_shape = false;
  std::vector<int64_t> dims;  // 0 and below: variable
};

/// Functions return nullopt, or false, where the bytes are not such a message. Thread safety: any
/// thread.
std::optional<Tensor> ParseTensor(std::string_view message);
std::optional<Input> ParseInput(std::string_view message);

/// The whole numbers of a field, which are one by one or packed.
std::optional<std::vector<int64_t>> ParseNumbers(const ProtobufField& field);

/// The bytes of the graph; nullopt where the file is not an ONNX model.
std::optional<std::string_view> GraphOf(std::string_view model);

/// The inputs that a runtime must be given: those that no tensor of the file has the value for.
std::optional<std::vector<Input>> InputsOf(std::string_view graph);

/// Whether a text has control characters.
bool HasControls(std::string_view text);
/// A name out of a file, as sentences show it: cut, and without control characters.
std::string Shown(std::string_view name);

/// Bytes of a value of the type; 0: unknown, or it has no fixed size.
uint64_t BytesOfType(uint64_t type);

/// The number of values; nullopt if a side is negative or there are more than 2^31.
std::optional<uint64_t> CountOf(const std::vector<int64_t>& dims);

}  // namespace shadowtutor::teacher::onnx

#endif  // SHADOWTUTOR_TEACHER_ONNX_FORMAT_H_
