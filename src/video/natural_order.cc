#include "video/natural_order.h"

#include <cstddef>

namespace shadowtutor::video {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// The digits that `text` begins with.
std::string_view LeadingDigits(std::string_view text) {
  size_t count = 0;
  while (count < text.size() && IsDigit(text[count])) ++count;
  return text.substr(0, count);
}

// Compares two numbers by value: negative, 0 or positive as in std::string_view::compare.
int CompareNumbers(std::string_view a, std::string_view b) {
  const auto without_zeros = [](std::string_view digits) {
    while (!digits.empty() && digits.front() == '0') digits.remove_prefix(1);
    return digits;
  };
  a = without_zeros(a);
  b = without_zeros(b);
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  return a.compare(b);
}

}  // namespace

bool NaturalLess(std::string_view a, std::string_view b) {
  bool fewer_zeros = false;  // in the first number of `a` that has another count than that of `b`
  bool zeros_differ = false;
  while (!a.empty() && !b.empty()) {
    if (IsDigit(a.front()) && IsDigit(b.front())) {
      const std::string_view number_a = LeadingDigits(a), number_b = LeadingDigits(b);
      const int order = CompareNumbers(number_a, number_b);
      if (order != 0) return order < 0;
      if (!zeros_differ && number_a.size() != number_b.size()) {
        zeros_differ = true;
        fewer_zeros = number_a.size() < number_b.size();
      }
      a.remove_prefix(number_a.size());
      b.remove_prefix(number_b.size());
    } else {
      const auto byte_a = static_cast<unsigned char>(a.front());
      const auto byte_b = static_cast<unsigned char>(b.front());
      if (byte_a != byte_b) return byte_a < byte_b;
      a.remove_prefix(1);
      b.remove_prefix(1);
    }
  }
  if (a.empty() != b.empty()) return a.empty();
  return fewer_zeros;
}

}  // namespace shadowtutor::video
