#include "core/text.h"

#include <cstdarg>
#include <cstddef>
#include <cstdio>

namespace shadowtutor {

std::string Format(const char* format, ...) {
  char text[512];
  va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  // The analyzer does not see through va_start. NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized)
  const int length = std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  std::string result;
  if (length >= 0 && static_cast<size_t>(length) < sizeof text) {
    result.assign(text, static_cast<size_t>(length));
  } else if (length > 0) {
    result.resize(static_cast<size_t>(length));
    // NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized)
    std::vsnprintf(result.data(), result.size() + 1, format, again);
  }
  va_end(again);
  return result;
}

std::string SecondsText(std::chrono::milliseconds time) {
  return Format("%.4g s", std::chrono::duration<double>(time).count());
}

std::string SizeText(FrameSize size) {
  return std::to_string(size.width) + "x" + std::to_string(size.height);
}

std::string ColorText(Rgb color) { return Format("#%02x%02x%02x", color.r, color.g, color.b); }

}  // namespace shadowtutor
