// Conversions and checks of fields that several kinds of messages have. Internal to messages/.
#ifndef SHADOWTUTOR_MESSAGES_CONVERT_FIELDS_H_
#define SHADOWTUTOR_MESSAGES_CONVERT_FIELDS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "shadowtutor/types.h"
#include "shadowtutor/v1/shadowtutor.pb.h"

namespace shadowtutor::messages {

std::string ToBytes(std::span<const uint8_t> bytes);
std::vector<uint8_t> FromBytes(const std::string& bytes);

/// Throws Error kInvalidArgument with `sentence`, as all functions below do for values that they
/// refuse.
[[noreturn]] void Refuse(const std::string& sentence);

/// Returns `text`. It must be no longer than wire::kMaxTextBytes; `what` names the field.
const std::string& Text(const std::string& text, const char* what);
/// The same for a text that is only shown, as Showable returns it.
std::string ShownText(const std::string& text, const char* what);
/// Returns `milliseconds`. They must be finite and not negative.
double Duration(double milliseconds);
/// Returns `value`. It must be at most `max`; `what` names the field.
int SmallInt(uint32_t value, uint32_t max, const char* what);
void PutClass(const ClassInfo& info, v1::ClassInfo& to);
ClassInfo TakeClass(const v1::ClassInfo& from);
/// Returns a frame's size. It must be within the bounds of shadowtutor/types.h, or 0x0 if it
/// `may_be_unknown`.
FrameSize Size(uint32_t width, uint32_t height, bool may_be_unknown);

/// The classes become those of `to`, a message with `repeated ClassInfo classes`.
template <typename Message>
void PutClasses(const ClassList& classes, Message& to) {
  for (const ClassInfo& info : classes) PutClass(info, *to.add_classes());
}

/// Takes them from there.
template <typename Classes>
ClassList TakeClasses(const Classes& from) {
  if (static_cast<size_t>(from.size()) > size_t{kMaxClasses}) {
    Refuse("the server's student has over 255 classes");
  }
  ClassList classes;
  for (const v1::ClassInfo& info : from) classes.push_back(TakeClass(info));
  return classes;
}

}  // namespace shadowtutor::messages

#endif  // SHADOWTUTOR_MESSAGES_CONVERT_FIELDS_H_
