// Reads the fields of a protobuf message one by one, without a description of the message. For
// files of networks, which are read here before a runtime reads them.
#ifndef SHADOWTUTOR_TEACHER_PROTOBUF_READER_H_
#define SHADOWTUTOR_TEACHER_PROTOBUF_READER_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace shadowtutor::teacher {

/// A field, as it stands in the message.
struct ProtobufField {
  uint64_t number = 0;
  bool has_bytes = false;  // a message, a text or packed numbers: see `bytes`; else see `value`
  uint64_t value = 0;      // a whole number, or the bits of a fixed32 or fixed64
  std::string_view bytes;
  std::string_view whole;  // all bytes of the field, with its number
};

/// `message` must outlive the reader and the fields. Thread safety: one thread.
class ProtobufReader {
 public:
  explicit ProtobufReader(std::string_view message) : left_(message) {}

  /// Reads the next field. Returns false at the end, and where the bytes are not a message.
  bool Next(ProtobufField& field) {
    if (damaged_ || left_.empty()) return false;
    const std::string_view start = left_;
    damaged_ = !ReadField(field);
    field.whole = start.substr(0, start.size() - left_.size());
    return !damaged_;
  }

  /// Whether reading ended because the bytes are not a message.
  bool damaged() const { return damaged_; }

 private:
  bool ReadField(ProtobufField& field) {
    uint64_t key;
    if (!Varint(key)) return false;
    field = {};
    field.number = key >> 3;
    switch (key & 7) {
      case 0:
        return Varint(field.value);
      case 1:
        return Fixed(8, field.value);
      case 2: {
        uint64_t size;
        if (!Varint(size) || size > left_.size()) return false;
        field.has_bytes = true;
        field.bytes = left_.substr(0, size);
        left_.remove_prefix(size);
        return true;
      }
      case 5:
        return Fixed(4, field.value);
      default:
        return false;
    }
  }

  bool Varint(uint64_t& value) {
    value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (left_.empty()) return false;
      const auto byte = static_cast<uint8_t>(left_.front());
      left_.remove_prefix(1);
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (!(byte & 0x80)) return true;
    }
    return false;
  }

  bool Fixed(unsigned size, uint64_t& value) {
    if (left_.size() < size) return false;
    for (unsigned i = 0; i < size; ++i) {
      value |= static_cast<uint64_t>(static_cast<uint8_t>(left_[i])) << (8 * i);
    }
    left_.remove_prefix(size);
    return true;
  }

  std::string_view left_;
  bool damaged_ = false;
};

/// Appends a field with bytes to a message. Thread safety: any thread.
inline void AppendField(uint64_t number, std::string_view bytes, std::string& message) {
  const auto varint = [&](uint64_t value) {
    for (; value >= 0x80; value >>= 7) message += static_cast<char>(value | 0x80);
    message += static_cast<char>(value);
  };
  varint(number << 3 | 2);
  varint(bytes.size());
  message += bytes;
}

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_PROTOBUF_READER_H_
