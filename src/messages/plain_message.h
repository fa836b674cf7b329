// What all plain classes of messages have (tools/protoc_gen_plain.py writes the rest): the
// functions of Protobuf's classes by which messages become bytes and back.
#ifndef SHADOWTUTOR_MESSAGES_PLAIN_MESSAGE_H_
#define SHADOWTUTOR_MESSAGES_PLAIN_MESSAGE_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "messages/plain_wire.h"

namespace shadowtutor::messages {

/// The base of class `Message`. A field that was never set has its default value, and fields that
/// the class does not know are skipped, not kept. Thread safety: one thread at a time for each
/// object, and any number of them as long as none changes it.
template <typename Message>
class PlainMessage {
 public:
  /// Takes the message's place. False: these bytes are no such message, and its fields have any
  /// values. Texts must be UTF-8.
  bool ParseFromArray(const void* data, int size) {
    if (size < 0) return false;
    return Parse({static_cast<const char*>(data), static_cast<size_t>(size)});
  }
  bool ParseFromString(std::string_view bytes) { return Parse(bytes); }

  std::string SerializeAsString() const {
    WireWriter to;
    static_cast<const Message&>(*this).Write(to);
    return to.Take();
  }
  /// Returns true.
  bool SerializeToString(std::string* bytes) const {
    *bytes = SerializeAsString();
    return true;
  }

  void Clear() { static_cast<Message&>(*this) = Message(); }

  static const Message& default_instance() {
    static const Message message;
    return message;
  }

 protected:
  static const std::string& empty_text() {
    static const std::string text;
    return text;
  }

 private:
  bool Parse(std::string_view bytes) {
    Clear();
    WireReader from(bytes);
    static_cast<Message&>(*this).Merge(from);
    return !from.failed();
  }
};

}  // namespace shadowtutor::messages

#endif  // SHADOWTUTOR_MESSAGES_PLAIN_MESSAGE_H_
