// Reading and writing the safetensors format: named arrays in one file. Files that are read may be
// damaged or hostile.
//
// Format: the header's length in 8 bytes (little endian), a JSON header, then the arrays' bytes.
// The header maps each array's name to its dtype, shape and byte range [begin, end) in the data,
// and "__metadata__" to a map of strings.
//
// Thread safety: any thread.
#ifndef SHADOWTUTOR_NN_SAFETENSORS_H_
#define SHADOWTUTOR_NN_SAFETENSORS_H_

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace shadowtutor::nn {

/// Bounds for reading and writing: bytes of a file, bytes of its header, number of arrays, and
/// dimensions of an array.
inline constexpr size_t kMaxSafetensorsBytes = size_t{64} << 20;
inline constexpr size_t kMaxSafetensorsHeader = size_t{1} << 20;
inline constexpr size_t kMaxSafetensorsTensors = 4096;
inline constexpr size_t kMaxSafetensorsRank = 8;

enum class TensorType : uint8_t {
  kBool,
  kU8,
  kI8,
  kI16,
  kU16,
  kF16,
  kBF16,
  kI32,
  kU32,
  kF32,
  kF64,
  kI64,
  kU64
};

/// Bytes of one element.
size_t ElementBytes(TensorType type);
/// The type's name in the header: "F32" and so on.
std::string_view TensorTypeName(TensorType type);

/// One array of a file. Does not own `bytes`, which are little endian and of any alignment.
struct TensorView {
  std::string name;
  TensorType type = TensorType::kF32;
  std::vector<size_t> shape;  // an empty shape means one element
  std::span<const uint8_t> bytes;

  /// The number of elements.
  size_t count() const { return bytes.size() / ElementBytes(type); }
};

/// The contents of a file: its arrays, sorted by name, and its metadata.
struct Safetensors {
  std::vector<TensorView> tensors;
  std::map<std::string, std::string> metadata;

  /// The array of that name, or nullptr.
  const TensorView* Find(std::string_view name) const;
};

/// Reads a file's header and checks it: lengths and types, that each shape fits its bytes, that the
/// arrays fill the data without gaps or overlaps, and that no name comes twice. The views point
/// into `bytes`. Throws Error: kDataLoss (truncated, corrupt or hostile), kResourceExhausted (over
/// a bound).
Safetensors ParseSafetensors(std::span<const uint8_t> bytes);

/// The bytes of a file with these arrays, in this order. Throws Error: kInvalidArgument (a name
/// comes twice, a shape does not fit its bytes, or a text is not UTF-8), kResourceExhausted (over a
/// bound).
std::vector<uint8_t> SerializeSafetensors(std::span<const TensorView> tensors,
                                          const std::map<std::string, std::string>& metadata);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_SAFETENSORS_H_
