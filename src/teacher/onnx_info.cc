#include "teacher/onnx_info.h"

#include <cstdint>
#include <fstream>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace shadowtutor::teacher {
namespace {

// Fields of ONNX's messages that lead to an input's shape.
constexpr uint64_t kModelGraph = 7;
constexpr uint64_t kGraphInput = 11;
constexpr uint64_t kValueType = 2;
constexpr uint64_t kTypeTensor = 1;
constexpr uint64_t kTensorShape = 2;
constexpr uint64_t kShapeDim = 1;
constexpr uint64_t kDimValue = 1;
// A description of one input; the real ones have some dozens of bytes.
constexpr uint64_t kMaxValueBytes = 1 << 16;

// A protobuf message's fields one by one, wherever its bytes come from. `Input` has Byte(uint8_t&)
// and Skip(count), which are false at its end.
template <typename Input>
class Fields {
 public:
  explicit Fields(Input& input) : input_(input) {}

  // The next field's number and, for numbers, its value, for messages and texts their length, which
  // the caller reads or skips. False at the end or where the bytes are no message.
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

// The messages in `message` that have the number `wanted`.
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

// A side that is left open counts as 0.
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
    // The graph's fields follow in the same stream; a model's own after it are of no interest.
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
