#include "core/number_text.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string_view>
#include <system_error>

#include "core/text.h"

namespace shadowtutor {

#ifdef __cpp_lib_to_chars

std::string ShortestText(double value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

std::optional<double> NumberOf(const std::string& text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  if (text.empty() || result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return value;
}

#else  // Emscripten's C++ library: there is one locale, and floating-point numbers are missing

std::string ShortestText(double value) {
  if (!std::isfinite(value)) return Format("%g", value);
  std::string text;  // "-1.25e+03", with as few digits as tell it from all others
  for (int digits = 0; digits < 17; ++digits) {
    text = Format("%.*e", digits, value);
    if (std::strtod(text.c_str(), nullptr) == value) break;
  }
  // Without exponent, if that is no longer.
  const size_t e = text.find('e');
  const int exponent = std::atoi(&text[e + 1]);
  const int decimals = static_cast<int>(e) - (text[0] == '-' ? 1 : 0);
  const int fraction = (decimals > 1 ? decimals - 2 : 0) - exponent;
  const std::string fixed = Format("%.*f", fraction > 0 ? fraction : 0, value);
  return fixed.size() <= text.size() ? fixed : text;
}

std::optional<double> NumberOf(const std::string& text) {
  const std::string_view digits(text.c_str() + (text[0] == '-' ? 1 : 0));
  const bool spelled = digits == "inf" || digits == "infinity" || digits == "nan";
  if (!spelled && (digits.find_first_not_of("0123456789.eE+-") != digits.npos ||
                   digits.find_first_of("0123456789") > 1 || digits[0] == '+')) {
    return std::nullopt;
  }
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (end != text.data() + text.size() || (std::isinf(value) && !spelled)) return std::nullopt;
  if (value == 0 &&
      digits.substr(0, digits.find_first_of("eE")).find_first_of("123456789") != digits.npos) {
    return std::nullopt;
  }
  return value;
}

#endif

}  // namespace shadowtutor
