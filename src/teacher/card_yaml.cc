#include "teacher/card_yaml.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <optional>

namespace shadowtutor::teacher {
namespace {

std::optional<Rgb> ParseHexColor(const std::string& text) {
  if (text.size() != 7 || text[0] != '#') return std::nullopt;
  unsigned value = 0;
  for (size_t i = 1; i < text.size(); ++i) {
    if (!std::isxdigit(static_cast<unsigned char>(text[i]))) return std::nullopt;
    const int c = std::tolower(static_cast<unsigned char>(text[i]));
    value = value * 16 + static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
  }
  return Rgb{static_cast<uint8_t>(value >> 16), static_cast<uint8_t>(value >> 8),
             static_cast<uint8_t>(value)};
}

}  // namespace

std::string JoinWords(const std::vector<std::string>& words) {
  std::string joined;
  for (const std::string& word : words) joined += (joined.empty() ? "" : ", ") + word;
  return joined;
}

void CardYaml::Fail(const YAML::Mark& mark, const std::string& what) const {
  std::string where = card_.string();
  if (mark.line >= 0) {
    where += ':';
    where += std::to_string(mark.line + 1);
  }
  throw Error(ErrorCode::kInvalidArgument, where + ": " + what);
}

void CardYaml::CheckKeys(const YAML::Node& map, const std::string& inside,
                         const std::vector<std::string>& known) const {
  std::vector<std::string> seen;
  for (const auto& entry : map) {
    const std::string key = Text(entry.first, "a key");
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      std::string what = "unknown key `";
      what.append(key).append("`").append(inside).append("; known are ").append(JoinWords(known));
      Fail(entry.first.Mark(), what + " (docs/teachers.md explains them)");
    }
    if (std::find(seen.begin(), seen.end(), key) != seen.end()) {
      Fail(entry.first.Mark(), "the key `" + key + "` is there twice; remove one of the two");
    }
    seen.push_back(key);
  }
}

std::string CardYaml::Text(const YAML::Node& node, const std::string& key) const {
  if (!node.IsScalar() || node.Scalar().empty()) {
    Fail(node.Mark(), "`" + key + "` must be a word");
  }
  return node.Scalar();
}

double CardYaml::Number(const YAML::Node& node, const std::string& key) const {
  const auto parse = [](const std::string& text, double& value) {
    size_t used = 0;
    try {
      value = std::stod(text, &used);
    } catch (const std::exception&) {
      return false;
    }
    return used == text.size() && std::isfinite(value);
  };
  double value = 0, divisor = 1;
  bool good = node.IsScalar();
  if (good) {
    const std::string& text = node.Scalar();
    const size_t slash = text.find('/');
    good = parse(text.substr(0, slash), value);
    if (good && slash != std::string::npos) {
      good = parse(text.substr(slash + 1), divisor) && divisor != 0;
    }
  }
  if (!good || !std::isfinite(value / divisor)) {
    Fail(node.Mark(), "`" + key + "` must be a number, such as 0.5 or 1/255");
  }
  return value / divisor;
}

double CardYaml::NumberWithin(const YAML::Node& node, const std::string& key, double low,
                              double high) const {
  const double value = Number(node, key);
  if (value < low || value > high) {
    char range[64];
    std::snprintf(range, sizeof range, "%g to %g", low, high);
    Fail(node.Mark(), "`" + key + "` must be a number from " + range);
  }
  return value;
}

bool CardYaml::Flag(const YAML::Node& node, const std::string& key) const {
  bool value = false;
  if (!node.IsScalar() || !YAML::convert<bool>::decode(node, value)) {
    Fail(node.Mark(), "`" + key + "` must be true or false");
  }
  return value;
}

int CardYaml::Integer(const YAML::Node& node, const std::string& key, int low, int high) const {
  const double value = Number(node, key);
  if (value != std::floor(value) || value < low || value > high) {
    Fail(node.Mark(), "`" + key + "` must be a whole number from " + std::to_string(low) + " to " +
                          std::to_string(high));
  }
  return static_cast<int>(value);
}

std::array<double, 3> CardYaml::PerChannel(const YAML::Node& node, const std::string& key) const {
  if (node.IsScalar()) {
    const double value = Number(node, key);
    return {value, value, value};
  }
  if (!node.IsSequence() || node.size() != 3) {
    Fail(node.Mark(), "`" + key +
                          "` must be one number or a list of three, in the order of "
                          "`input.order`");
  }
  return {Number(node[0], key), Number(node[1], key), Number(node[2], key)};
}

Rgb CardYaml::Color(const YAML::Node& node) const {
  if (node.IsSequence() && node.size() == 3) {
    const auto channel = [&](int i) {
      return static_cast<uint8_t>(Integer(node[i], "color", 0, 255));
    };
    return {channel(0), channel(1), channel(2)};
  }
  const std::optional<Rgb> color = node.IsScalar() ? ParseHexColor(node.Scalar()) : std::nullopt;
  if (!color) {
    Fail(node.Mark(), "a color is \"#rrggbb\" (in quotes) or [red, green, blue]");
  }
  return *color;
}

size_t CardYaml::OneOf(const YAML::Node& node, const std::string& key,
                       const std::vector<std::string>& words) const {
  const std::string text = Text(node, key);
  const auto found = std::find(words.begin(), words.end(), text);
  if (found == words.end()) {
    Fail(node.Mark(), "`" + key + "` is \"" + text + "\", not one of " + JoinWords(words));
  }
  return static_cast<size_t>(found - words.begin());
}

}  // namespace shadowtutor::teacher
