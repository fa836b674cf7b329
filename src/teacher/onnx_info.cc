#include "teacher/onnx_info.h"

#include <cstdint>
#include <fstream>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace shadowtutor::teacher {
namespace {

// The numbers of the fields of ONNX's messages on the way to an input's shape.
constexpr uint64_t kModelGraph = 7;
constexpr uint64_t kGraphInput = 11;
constexpr uint64_t kValueType = 2;
constexpr uint64_t kTypeTensor = 1;
constexpr uint64_t kTensorShape = 2;
constexpr uint64_t kShapeDim = 1;
constexpr uint64_t kDimValue = 1;
// The most bytes of an input's description; real ones have some dozens.
constexpr uint64_t kMaxValueBytes = 1 << 16;

// Reads the fields of a protobuf message one by one. `Input`, the source of the bytes, has
// Byte(uint8_t&) and Skip(count), which return false at the end.
template <typename Input>
class Fields {
 public:
  explicit Fields(Input& input) : input_(input) {}

  // Reads the next field's number and value. If `has_bytes`, the field is a message or a text, and
  // `value` is its length; the caller must read or skip that many bytes. Returns false at the end,
  // or if the bytes are not a message.
  bool Next(uint64_t& field, uint64_t& value, bool& has_bytes) {
    uint64_t key;
    if (!Varint(key)) return false;
    field = key >> 3;
    value = 0;
    has_bytes = false;
    switch (key & 7) {
      case 0:
        return Varint(value);
      case 1:
        return input_.Skip(8);
      case 2:
        has_bytes = true;
        return Varint(value);
      case 5:
        return input_.Skip(4);
      default:
        return false;
    }
  }

 private:
  bool Varint(uint64_t& value) {
    value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      uint8_t byte;
      if (!input_.Byte(byte)) return false;
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (!(byte & 0x80)) return true;
    }
    return false;
  }

  Input& input_;
};

class FileInput {
 public:
  explicit FileInput(const std::filesystem::path& file) : stream_(file, std::ios::binary) {}
  bool Byte(uint8_t& byte) {
    const int next = stream_.get();
    byte = static_cast<uint8_t>(next);
    return next != std::char_traits<char>::eof();
  }
  bool Skip(uint64_t count) {
    if (count > static_cast<uint64_t>(std::numeric_limits<std::streamoff>::max())) return false;
    stream_.seekg(static_cast<std::streamoff>(count), std::ios::cur);
    return stream_.good();
  }
  bool Read(uint64_t count, std::string& bytes) {
    bytes.resize(count);
    return static_cast<bool>(stream_.read(bytes.data(), static_cast<std::streamsize>(count)));
  }

 private:
  std::ifstream stream_;
};

class MemoryInput {
 public:
  explicit MemoryInput(std::string_view bytes) : bytes_(bytes) {}
  bool Byte(uint8_t& byte) {
    if (bytes_.empty()) return false;
    byte = static_cast<uint8_t>(bytes_.front());
    bytes_.remove_prefix(1);
    return true;
  }
  bool Skip(uint64_t count) {
    if (count > bytes_.size()) return false;
    bytes_.remove_prefix(count);
    return true;
  }
  std::string_view Take(uint64_t count) {
    const std::string_view part = bytes_.substr(0, count);
    bytes_.remove_prefix(part.size());
    return part;
  }

 private:
  std::string_view bytes_;
};

// The bytes of the fields of `message` with the number `wanted`.
std::vector<std::string_view> Children(std::string_view message, uint64_t wanted) {
  std::vector<std::string_view> children;
  MemoryInput input(message);
  Fields fields(input);
  uint64_t field, value;
  bool has_bytes;
  while (fields.Next(field, value, has_bytes)) {
    if (!has_bytes) continue;
    const std::string_view part = input.Take(value);
    if (field == wanted) children.push_back(part);
  }
  return children;
}

// The value of a dimension; 0 if it is variable.
int64_t DimValue(std::string_view dim) {
  MemoryInput input(dim);
  Fields fields(input);
  uint64_t field, value;
  bool has_bytes;
  while (fields.Next(field, value, has_bytes)) {
    if (has_bytes && !input.Skip(value)) return 0;
    if (!has_bytes && field == kDimValue) return static_cast<int64_t>(value);
  }
  return 0;
}

std::optional<FrameSize> ImageSize(std::string_view value_info) {
  for (const auto type : Children(value_info, kValueType)) {
    for (const auto tensor : Children(type, kTypeTensor)) {
      for (const auto shape : Children(tensor, kTensorShape)) {
        const auto dims = Children(shape, kShapeDim);
        if (dims.size() != 4 || DimValue(dims[1]) != 3) continue;
        const int64_t height = DimValue(dims[2]), width = DimValue(dims[3]);
        if (height < 1 || width < 1 || height > kMaxFrameSide || width > kMaxFrameSide) continue;
        return FrameSize{static_cast<int>(width), static_cast<int>(height)};
      }
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<FrameSize> OnnxInputSize(const std::filesystem::path& file) {
  FileInput input(file);
  Fields fields(input);
  uint64_t field, length;
  bool has_bytes;
  while (fields.Next(field, length, has_bytes)) {
    // Skips only the head of the graph, so that the fields of the graph are read next. Fields of
    // the model after the graph do not matter.
    if (!has_bytes || field == kModelGraph) continue;
    if (field != kGraphInput || length > kMaxValueBytes) {
      if (!input.Skip(length)) return std::nullopt;
      continue;
    }
    std::string value_info;
    if (!input.Read(length, value_info)) return std::nullopt;
    if (const auto size = ImageSize(value_info)) return size;
  }
  return std::nullopt;
}

}  // namespace shadowtutor::teacher
