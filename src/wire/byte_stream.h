// Numbers, texts and byte strings one after the other, little endian: for message_bytes.h.
#ifndef SHADOWTUTOR_WIRE_BYTE_STREAM_H_
#define SHADOWTUTOR_WIRE_BYTE_STREAM_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/bit_cast.h"
#include "shadowtutor/types.h"

namespace shadowtutor::wire {

class ByteWriter {
 public:
  void Byte(uint8_t value) { bytes_.push_back(value); }
  void Number(uint64_t value) {
    for (int shift = 0; shift < 64; shift += 8) Byte(static_cast<uint8_t>(value >> shift));
  }
  void Real(double value) { Number(BitCast<uint64_t>(value)); }
  /// Its length in 8 bytes, then itself.
  void Bytes(std::span<const uint8_t> value) {
    Number(value.size());
    bytes_.insert(bytes_.end(), value.begin(), value.end());
  }
  void Text(std::string_view value) {
    Bytes({reinterpret_cast<const uint8_t*>(value.data()), value.size()});
  }
  std::vector<uint8_t> Take() { return std::move(bytes_); }

 private:
  std::vector<uint8_t> bytes_;
};

/// Every function throws Error kDataLoss when the bytes end too early or a length is above what the
/// caller allows.
class ByteReader {
 public:
  explicit ByteReader(std::span<const uint8_t> bytes) : left_(bytes) {}

  uint8_t Byte() { return Next(1)[0]; }
  uint64_t Number() {
    const std::span<const uint8_t> bytes = Next(8);
    uint64_t value = 0;
    for (size_t i = 8; i-- > 0;) value = value << 8 | bytes[i];
    return value;
  }
  double Real() { return BitCast<double>(Number()); }
  std::vector<uint8_t> Bytes(size_t most) {
    const std::span<const uint8_t> bytes = Next(Length(most));
    return {bytes.begin(), bytes.end()};
  }
  std::string Text(size_t most) {
    const std::span<const uint8_t> bytes = Next(Length(most));
    return {bytes.begin(), bytes.end()};
  }
  /// How many items follow.
  size_t Length(size_t most) {
    const uint64_t length = Number();
    if (length > most) Refuse();
    return static_cast<size_t>(length);
  }
  void ExpectEnd() const {
    if (!left_.empty()) Refuse();
  }
  [[noreturn]] static void Refuse() {
    throw Error(ErrorCode::kDataLoss,
                "a message of the tutor's is damaged, or of another version of ShadowTutor");
  }

 private:
  std::span<const uint8_t> Next(size_t count) {
    if (count > left_.size()) Refuse();
    const std::span<const uint8_t> next = left_.first(count);
    left_ = left_.subspan(count);
    return next;
  }

  std::span<const uint8_t> left_;
};

}  // namespace shadowtutor::wire

#endif  // SHADOWTUTOR_WIRE_BYTE_STREAM_H_
