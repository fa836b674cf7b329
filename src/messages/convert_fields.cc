#include "messages/convert_fields.h"

#include <cmath>

#include "core/untrusted_text.h"
#include "wire/limits.h"

namespace shadowtutor::messages {

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

void PutClass(const ClassInfo& info, v1::ClassInfo& to) {
  to.set_name(info.name);
  to.set_color(uint32_t{info.color.r} << 16 | uint32_t{info.color.g} << 8 | info.color.b);
}

ClassInfo TakeClass(const v1::ClassInfo& from) {
  const uint32_t color = from.color();
  return {Text(from.name(), "class name"),
          {static_cast<uint8_t>(color >> 16), static_cast<uint8_t>(color >> 8),
           static_cast<uint8_t>(color)}};
}

}  // namespace shadowtutor::messages
