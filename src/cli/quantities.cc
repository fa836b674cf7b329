#include "cli/quantities.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <string_view>
#include <utility>

namespace shadowtutor::cli {
namespace {

constexpr size_t kMostNumbers = 64;
constexpr int kMostWhole = 1'000'000;

[[noreturn]] void Refuse(const std::string& option, const std::string& wants,
                         const std::string& text) {
  throw Error(ErrorCode::kInvalidArgument, option + " must be " + wants + ", not '" + text + "'");
}

// The whole of `text` as a number, whatever the locale.
template <typename Number>
bool Parse(std::string_view text, Number& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

std::vector<std::string_view> SplitAtCommas(std::string_view text) {
  std::vector<std::string_view> parts;
  for (size_t begin = 0;;) {
    const size_t comma = text.find(',', begin);
    parts.push_back(text.substr(begin, comma - begin));
    if (comma == std::string_view::npos) return parts;
    begin = comma + 1;
  }
}

struct WholeRange {
  int first = 0, last = 0;
  int by = 0;  // 0: doubling
};

// "8", "8-64" or "8-64:8".
bool ParseRange(std::string_view text, WholeRange& range) {
  if (const size_t colon = text.find(':'); colon != std::string_view::npos) {
    if (!Parse(text.substr(colon + 1), range.by) || range.by < 1) return false;
    text = text.substr(0, colon);
  }
  const size_t dash = text.find('-', 1);
  if (!Parse(text.substr(0, dash), range.first)) return false;
  range.last = range.first;
  if (dash != std::string_view::npos && !Parse(text.substr(dash + 1), range.last)) return false;
  return range.first >= 1 && range.last >= range.first && range.last <= kMostWhole;
}

}  // namespace

double ParseBytes(const std::string& option, const std::string& text) {
  constexpr std::array<std::pair<std::string_view, double>, 8> kUnits = {{{"", 1},
                                                                          {"B", 1},
                                                                          {"kB", 1e3},
                                                                          {"KiB", 1024},
                                                                          {"MB", 1e6},
                                                                          {"MiB", 1048576},
                                                                          {"GB", 1e9},
                                                                          {"GiB", 1073741824}}};
  constexpr double kMost = 1e12;
  const size_t digits = text.find_last_of("0123456789.") + 1;  // 0 where there is none
  const std::string_view all = text;
  std::string_view unit = all.substr(digits);
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  double value = 0;
  for (const auto& [name, scale] : kUnits) {
    if (unit != name) continue;
    if (!Parse(all.substr(0, digits), value) || !(value >= 0 && value * scale <= kMost)) break;
    return value * scale;
  }
  Refuse(option, "a number of bytes, such as 300kB or 2.637MiB", text);
}

std::vector<double> ParseNumbers(const std::string& option, const std::string& text) {
  std::vector<double> numbers;
  for (const std::string_view part : SplitAtCommas(text)) {
    double value = 0;
    if (!Parse(part, value) || !std::isfinite(value) || value <= 0) {
      Refuse(option, "numbers above 0 with commas between them", text);
    }
    numbers.push_back(value);
  }
  if (numbers.size() > kMostNumbers) Refuse(option, "at most 64 numbers", text);
  return numbers;
}

std::vector<int> ParseWholeNumbers(const std::string& option, const std::string& text) {
  std::vector<int> numbers;
  for (const std::string_view part : SplitAtCommas(text)) {
    WholeRange range;
    if (!ParseRange(part, range)) {
      Refuse(option, "whole numbers from 1 on, such as 8 or 4,8,16 or 8-64 (doubling) or 8-64:8",
             text);
    }
    for (int value = range.first; value <= range.last;
         value = range.by > 0 ? value + range.by : 2 * value) {
      numbers.push_back(value);
      if (numbers.size() > kMostNumbers) Refuse(option, "at most 64 numbers", text);
    }
  }
  return numbers;
}

FrameSize ParseFrameSize(const std::string& option, const std::string& text) {
  const size_t x = text.find('x');
  const std::string_view all = text;
  FrameSize size;
  if (x == std::string::npos || !Parse(all.substr(0, x), size.width) ||
      !Parse(all.substr(x + 1), size.height) || size.width < 1 || size.height < 1 ||
      size.width > kMaxFrameSide || size.height > kMaxFrameSide ||
      size.pixels() > kMaxFramePixels) {
    Refuse(option,
           "WIDTHxHEIGHT, such as 1280x720, of at most " + std::to_string(kMaxFrameSide) +
               " pixels a side and " + std::to_string(kMaxFramePixels) + " in all",
           text);
  }
  return size;
}

}  // namespace shadowtutor::cli
