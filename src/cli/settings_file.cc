#include "cli/settings_file.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>

#include "core/atomic_file.h"
#include "shadowtutor/types.h"

namespace shadowtutor::cli {
namespace {

constexpr std::string_view kBlanks = " \t\r";
constexpr std::string_view kNameCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

[[noreturn]] void RefuseSettings(const std::string& sentence) {
  throw Error(ErrorCode::kInvalidArgument, sentence);
}

std::string_view Trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
}

bool IsControl(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }

bool BeginsComment(std::string_view text) { return text.starts_with('#') || text.starts_with(';'); }

// Where a comment begins after a value without quotes; the text's size if there is none.
size_t CommentIn(std::string_view text) {
  for (size_t i = 1; i < text.size(); ++i) {
    if (BeginsComment(text.substr(i)) && kBlanks.find(text[i - 1]) != std::string_view::npos)
      return i;
  }
  return text.size();
}

std::string ValueOf(std::string_view text, const std::string& place, const std::string& name) {
  const auto refuse_empty = [&] {
    RefuseSettings(place + ": " + name + " has no value; give one, or leave the line away");
  };
  if (text.empty() || BeginsComment(text)) refuse_empty();
  if (text.front() != '"' && text.front() != '\'') {
    return std::string(Trimmed(text.substr(0, CommentIn(text))));
  }
  const size_t end = text.find(text.front(), 1);
  if (end == std::string_view::npos) {
    RefuseSettings(place + ": the quotes around the value of " + name + " do not end; end them");
  }
  const std::string_view after = Trimmed(text.substr(end + 1));
  if (!after.empty() && !BeginsComment(after)) {
    RefuseSettings(
        place + ": after the quotes of " + name + " stands '" + std::string(after) +
        "'; put the whole value into the quotes, and use the other kind of quotes around one "
        "that has quotes in it");
  }
  if (end == 1) refuse_empty();
  return std::string(text.substr(1, end - 1));
}

FileSetting SettingOf(std::string_view text, const std::string& place, int line) {
  if (text.starts_with('[')) {
    RefuseSettings(place + ": " + std::string(text) +
                   " begins a section, and this file has none; leave the line away");
  }
  const size_t equals = text.find('=');
  const bool has_value = equals != std::string_view::npos;
  const std::string name(Trimmed(text.substr(0, has_value ? equals : CommentIn(text))));
  if (name.empty() || name.find_first_not_of(kNameCharacters) != std::string::npos) {
    RefuseSettings(place + ": '" + std::string(text) + "' is not understood; write name = value");
  }
  const std::string value =
      has_value ? ValueOf(Trimmed(text.substr(equals + 1)), place, name) : "true";
  return {name, value, line};
}

}  // namespace

std::vector<FileSetting> ParseSettings(std::string_view text, const std::string& file) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // as some editors begin files
  std::vector<FileSetting> settings;
  std::map<std::string, int> lines;
  for (int number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = Trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::string place = file + ", line " + std::to_string(number);
    if (std::any_of(line.begin(), line.end(), IsControl)) {
      RefuseSettings(place + ": there are control characters; is this the right file?");
    }
    if (line.empty() || BeginsComment(line)) continue;
    FileSetting setting = SettingOf(line, place, number);
    const auto [first, is_new] = lines.emplace(setting.name, number);
    if (!is_new) {
      RefuseSettings(place + ": " + setting.name + " stands in line " +
                     std::to_string(first->second) + " already; leave one of them away");
    }
    settings.push_back(std::move(setting));
  }
  return settings;
}

std::vector<FileSetting> ReadSettings(const std::filesystem::path& file) {
  std::vector<uint8_t> bytes;
  try {
    bytes = ReadFile(file, kMaxSettingsBytes);
  } catch (const Error& error) {
    RefuseSettings("the configuration file cannot be used: " + std::string(error.what()) +
                   "; name a text file that this user may read");
  }
  return ParseSettings({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, file.string());
}

}  // namespace shadowtutor::cli
