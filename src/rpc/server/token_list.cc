#include "rpc/server/token_list.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>
#include <utility>

#include "core/atomic_file.h"
#include "core/untrusted_text.h"
#include "shadowtutor/types.h"
#include "wire/limits.h"

namespace shadowtutor::rpc {
namespace {

constexpr std::string_view kHashed = "sha256:";
constexpr double kMostRate = 1e12;

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

std::vector<std::string_view> Words(std::string_view line) {
  std::vector<std::string_view> words;
  while (true) {
    while (!line.empty() && IsBlank(line.front())) line.remove_prefix(1);
    if (line.empty() || line.front() == '#') return words;
    const auto end = std::find_if(line.begin(), line.end(), IsBlank);
    const size_t length = static_cast<size_t>(end - line.begin());
    words.push_back(line.substr(0, length));
    line.remove_prefix(length);
  }
}

bool IsName(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '_' || c == '-';
  };
  return !text.empty() && text.size() <= kMostDeviceNameBytes &&
         std::all_of(text.begin(), text.end(), fits);
}

std::optional<int> Nibble(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

std::optional<TokenDigest> ParseDigest(std::string_view hex) {
  TokenDigest digest{};
  if (hex.size() != 2 * digest.size()) return std::nullopt;
  for (size_t i = 0; i < digest.size(); ++i) {
    const auto high = Nibble(hex[2 * i]), low = Nibble(hex[2 * i + 1]);
    if (!high || !low) return std::nullopt;
    digest[i] = static_cast<uint8_t>(*high << 4 | *low);
  }
  return digest;
}

/// Reads one line. Errors name the place.
class Line {
 public:
  Line(std::string_view text, std::string place) : place_(std::move(place)), words_(Words(text)) {}

  bool empty() const { return words_.empty(); }

  ListedDevice Device() const {
    if (words_.size() < 2) Refuse("needs a name and a token");
    ListedDevice device{std::string(words_[0]), Token(words_[1]), {}};
    if (!IsName(words_[0])) {
      Refuse("begins with \"" + Quoted(words_[0]) + "\", which is no name; names have up to " +
             std::to_string(kMostDeviceNameBytes) + " letters, digits, '.', '_' and '-'");
    }
    std::set<std::string_view> seen;
    for (size_t i = 2; i < words_.size(); ++i) {
      const std::string_view word = words_[i];
      const size_t equals = std::min(word.find('='), word.size());
      const std::string_view name = word.substr(0, equals);
      if (!seen.insert(name).second) Refuse("has " + Quoted(name) + " twice");
      const std::string_view value = word.substr(std::min(equals + 1, word.size()));
      if (name == "sessions") {
        device.limits.sessions = Sessions(value);
      } else if (name == "key-frames") {
        device.limits.key_frames_per_second = Rate(name, value);
      } else if (name == "bytes") {
        device.limits.bytes_per_second = Rate(name, value);
      } else {
        Refuse("has \"" + Quoted(word) +
               "\", which is no limit; there are sessions=N, key-frames=N and bytes=N, the last "
               "two of a second");
      }
    }
    return device;
  }

  [[noreturn]] void Refuse(const std::string& what) const {
    throw Error(ErrorCode::kInvalidArgument, place_ + " " + what, Setting::kToken);
  }

 private:
  static std::string Quoted(std::string_view text) { return Showable(std::string(text), 80); }

  // Does not quote the token: it is a secret, and sentences go into logs.
  TokenDigest Token(std::string_view text) const {
    if (text.starts_with(kHashed)) {
      if (const auto digest = ParseDigest(text.substr(kHashed.size()))) return *digest;
      Refuse(
          "has a SHA-256 that is none; it has 64 digits, as 'printf %s TOKEN | sha256sum' "
          "writes them");
    }
    if (!IsTokenText(text)) {
      Refuse("has a token that is none: it must have " + std::to_string(kLeastTokenBytes) + " to " +
             std::to_string(kMostTokenBytes) +
             " printable characters of ASCII, as 'openssl rand -base64 24' writes them");
    }
    return DigestOf(text);
  }

  int Sessions(std::string_view value) const {
    int number = 0;
    const auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (failure != std::errc() || end != value.data() + value.size() || number < 1 ||
        number > wire::kMaxSessions) {
      Refuse("has a number of sessions that is none from 1 to " +
             std::to_string(wire::kMaxSessions));
    }
    return number;
  }

  double Rate(std::string_view name, std::string_view value) const {
    double number = 0;
    const auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (failure != std::errc() || end != value.data() + value.size() || !(number > 0) ||
        number > kMostRate) {
      Refuse("has no number above 0 after " + std::string(name) + "=");
    }
    return number;
  }

  const std::string place_;
  const std::vector<std::string_view> words_;
};

}  // namespace

std::vector<ListedDevice> ParseTokenList(std::string_view text, const std::string& file) {
  std::vector<ListedDevice> devices;
  std::set<std::string> names;
  std::set<TokenDigest> tokens;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const Line line(text.substr(0, end), "line " + std::to_string(number) + " of " + file);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) continue;
    devices.push_back(line.Device());
    if (!names.insert(devices.back().name).second) {
      line.Refuse("is the second for \"" + devices.back().name + "\"; give each device one line");
    }
    if (!tokens.insert(devices.back().token).second) {
      line.Refuse("has the token of another line; give each device a token of its own");
    }
    if (devices.size() > kMostDevices) {
      line.Refuse("is one too many; a server knows up to " + std::to_string(kMostDevices) +
                  " devices");
    }
  }
  if (devices.empty()) {
    throw Error(ErrorCode::kInvalidArgument,
                file +
                    " lists no device, so that none could come in; give each a line with its "
                    "name and its token",
                Setting::kToken);
  }
  return devices;
}

std::vector<ListedDevice> ReadTokenList(const std::filesystem::path& file) {
  const std::vector<uint8_t> bytes = ReadFile(file, kMostTokenListBytes);
  return ParseTokenList({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, file.string());
}

}  // namespace shadowtutor::rpc
