// Protobuf's encoding, for the plain classes that tools/protoc_gen_plain.py writes: where there is
// no libprotobuf, they read and write the same bytes. What Protobuf 3.21 refuses is refused here
// and nothing else is.
//
// Thread safety: one thread at a time for each object.
#ifndef SHADOWTUTOR_MESSAGES_PLAIN_WIRE_H_
#define SHADOWTUTOR_MESSAGES_PLAIN_WIRE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace shadowtutor::messages {

/// The fields of a message, in the order in which they were sent. After bytes that are no message
/// there is no further field, and failed() is true; what was read until then means nothing.
///
/// The bytes must outlive the reader.
class WireReader {
 public:
  /// How deep messages and groups may nest, as in Protobuf.
  static constexpr int kMaxDepth = 100;

  explicit WireReader(std::string_view bytes, int depth = kMaxDepth) : rest_(bytes), depth_(depth) {
    if (depth < 0) Fail();
  }

  /// Goes to the next field. False: there is none. The field must then be read by the one function
  /// of those below that its tag says.
  bool Next();
  /// The field's number, times 8, and what kind of value it has: 0, 1, 2, 3, 5 for Varint, Fixed64,
  /// Bytes, a group, Fixed32.
  uint32_t tag() const { return tag_; }

  uint64_t Varint();
  uint64_t Fixed64();
  uint32_t Fixed32();
  std::string_view Bytes();
  /// Bytes that must be UTF-8.
  std::string_view Text();
  /// A message; fields that `to` has already are merged with it.
  template <typename Message>
  void Read(Message& to) {
    WireReader inside(Bytes(), depth_ - 1);
    to.Merge(inside);
    if (inside.failed()) Fail();
  }
  /// A value of any kind, which nobody wants.
  void Skip();

  bool failed() const { return failed_; }

 private:
  void Fail();
  uint64_t ReadVarint(int max_bytes);
  void SkipGroup();

  std::string_view rest_;
  uint32_t tag_ = 0;
  int depth_;
  bool failed_ = false;
};

/// What integers of type sint32 and sint64 travel as: small ones are short, whatever their sign.
constexpr uint64_t ZigZag(int64_t value) {
  return static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63);
}
constexpr int64_t UnZigZag(uint64_t value) {
  return static_cast<int64_t>(value >> 1 ^ (~(value & 1) + 1));
}

/// Writes fields behind each other. Each function takes the tag that WireReader::tag returns.
class WireWriter {
 public:
  void Varint(uint32_t tag, uint64_t value);
  void Fixed64(uint32_t tag, uint64_t value);
  void Fixed32(uint32_t tag, uint32_t value);
  void Bytes(uint32_t tag, std::string_view value);
  template <typename Message>
  void Write(uint32_t tag, const Message& value) {
    WireWriter inside;
    value.Write(inside);
    Bytes(tag, inside.bytes_);
  }

  std::string Take() { return std::move(bytes_); }

 private:
  void AddVarint(uint64_t value);

  std::string bytes_;
};

}  // namespace shadowtutor::messages

#endif  // SHADOWTUTOR_MESSAGES_PLAIN_WIRE_H_
