#include "rpc/convert_fields.h"

#include <cmath>

#include "core/untrusted_text.h"
#include "wire/limits.h"

namespace shadowtutor::rpc {

std::string ToBytes(std::span<const uint8_t> bytes) {
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

std::vector<uint8_t> FromBytes(const std::string& bytes) {
  return std::vector<uint8_t>(bytes.begin(), bytes.end());
}

void Refuse(const std::string& sentence) { throw Error(ErrorCode::kInvalidArgument, sentence); }

const std::string& Text(const std::string& text, const char* what) {
  if (text.size() > wire::kMaxTextBytes) {
    Refuse(std::string("the message's ") + what + " is longer than " +
           std::to_string(wire::kMaxTextBytes) + " bytes");
  }
  return text;
}

std::string ShownText(const std::string& text, const char* what) {
  return Showable(Text(text, what), wire::kMaxTextBytes);
}

double Duration(double milliseconds) {
  if (!std::isfinite(milliseconds) || milliseconds < 0) {
    Refuse("the message has a duration that is negative or not finite");
  }
  return milliseconds;
}

int SmallInt(uint32_t value, uint32_t max, const char* what) {
  if (value > max) {
    Refuse(std::string("the message's ") + what + " is " + std::to_string(value) + "; at most " +
           std::to_string(max) + " is allowed");
  }
  return static_cast<int>(value);
}

FrameSize Size(uint32_t width, uint32_t height, bool may_be_unknown) {
  if (may_be_unknown && width == 0 && height == 0) return {};
  if (width == 0 || height == 0 || width > kMaxFrameSide || height > kMaxFrameSide ||
      size_t{width} * height > kMaxFramePixels) {
    Refuse("a frame of " + std::to_string(width) + "x" + std::to_string(height) +
           " pixels is outside the bounds: sides of 1 to " + std::to_string(kMaxFrameSide) + ", " +
           std::to_string(kMaxFramePixels) + " pixels in all");
  }
  return {static_cast<int>(width), static_cast<int>(height)};
}

void PutClasses(const ClassList& classes, google::protobuf::RepeatedPtrField<v1::ClassInfo>& to) {
  for (const ClassInfo& info : classes) {
    v1::ClassInfo* entry = to.Add();
    entry->set_name(info.name);
    entry->set_color(uint32_t{info.color.r} << 16 | uint32_t{info.color.g} << 8 | info.color.b);
  }
}

ClassList TakeClasses(const google::protobuf::RepeatedPtrField<v1::ClassInfo>& from) {
  if (from.size() > kMaxClasses) Refuse("the server's student has over 255 classes");
  ClassList classes;
  for (const v1::ClassInfo& info : from) {
    const uint32_t color = info.color();
    classes.push_back({Text(info.name(), "class name"),
                       {static_cast<uint8_t>(color >> 16), static_cast<uint8_t>(color >> 8),
                        static_cast<uint8_t>(color)}});
  }
  return classes;
}

}  // namespace shadowtutor::rpc
