// The safetensors container: named arrays in one file, read without trusting it.
//
// Layout: 8 bytes of header length (little endian), a JSON header, then the arrays' bytes. The
// header maps each name to its dtype, shape and [begin, end) in the data, and "__metadata__" to a
// map of strings.
//
// Thread safety: plain functions and values.
#ifndef SHADOWTUTOR_NN_SAFETENSORS_H_
#define SHADOWTUTOR_NN_SAFETENSORS_H_

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace shadowtutor::nn {

/// Bounds of what is read and written.
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
/// "F32" and so on, as in the header.
std::string_view TensorTypeName(TensorType type);

/// One array of a file. `bytes` is somebody else's memory, of any alignment, little endian.
struct TensorView {
  std::string name;
  TensorType type = TensorType::kF32;
  std::vector<size_t> shape;  // empty: one element
  std::span<const uint8_t> bytes;

  /// Product of the shape.
  size_t count() const { return bytes.size() / ElementBytes(type); }
};

/// What a file holds, sorted by name.
struct Safetensors {
  std::vector<TensorView> tensors;
  std::map<std::string, std::string> metadata;

  /// nullptr where there is none of that name.
  const TensorView* Find(std::string_view name) const;
};

/// Reads the header and checks every promise it makes: lengths, types, shapes that fit their bytes,
/// arrays that fill the data without gaps or overlaps, no name twice. The views point into `bytes`.
/// Throws Error: kDataLoss (truncated, corrupt or hostile), kResourceExhausted (too many bytes).
Safetensors ParseSafetensors(std::span<const uint8_t> bytes);

/// The file's bytes, arrays in the order given. Throws Error: kInvalidArgument (a name twice, a
/// shape that does not fit its bytes, text that is not UTF-8), kResourceExhausted (over a bound).
std::vector<uint8_t> SerializeSafetensors(std::span<const TensorView> tensors,
                                          const std::map<std::string, std::string>& metadata);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_SAFETENSORS_H_
