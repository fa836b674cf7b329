// Reads the fields of a picture's header, which are numbers of some bits, the highest bit first.
#ifndef SHADOWTUTOR_WIRE_HEADER_BITS_H_
#define SHADOWTUTOR_WIRE_HEADER_BITS_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace shadowtutor::wire {

/// Thread safety: one thread at a time.
class HeaderBits {
 public:
  explicit HeaderBits(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  /// The next `count` bits, 0 to 32. Past the end there are zeros; see Ended.
  uint32_t Take(int count) {
    uint32_t value = 0;
    for (int i = 0; i < count; ++i, ++next_) {
      const bool bit = next_ / 8 < bytes_.size() && (bytes_[next_ / 8] >> (7 - next_ % 8) & 1) != 0;
      value = value << 1 | static_cast<uint32_t>(bit);
    }
    return value;
  }
  bool Flag() { return Take(1) != 0; }
  /// Whether more bits were taken than there are.
  bool Ended() const { return next_ > 8 * bytes_.size(); }

 private:
  std::span<const uint8_t> bytes_;
  size_t next_ = 0;
};

}  // namespace shadowtutor::wire

#endif  // SHADOWTUTOR_WIRE_HEADER_BITS_H_
