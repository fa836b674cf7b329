#include "core/untrusted_text.h"

#include <algorithm>
#include <cstdint>

#include "core/text.h"

namespace shadowtutor {
namespace {

struct Character {
  uint32_t code = 0;
  size_t bytes = 0;  // 0: not UTF-8
};

// The character at the start of `text`, which is not empty.
Character Decode(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(0);
  if (first < 0x80) return {first, 1};
  const size_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < bytes) return {};
  uint32_t code = first & (0xffu >> (bytes + 1));
  for (size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3fu);
  }
  // Longer than necessary, halves of surrogate pairs, over the end.
  constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kLeast[bytes] || (code >= 0xd800 && code < 0xe000) || code > 0x10ffff) return {};
  return {code, bytes};
}

// Whether a terminal would do anything but show a character.
bool Acts(uint32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) ||  // control characters
         (code >= 0x200b && code <= 0x200f) ||            // no width, direction
         (code >= 0x2028 && code <= 0x202e) ||            // separators, direction
         (code >= 0x2060 && code <= 0x206f) || code == 0x61c || code == 0xad || code == 0xfeff ||
         (code >= 0xfff9 && code <= 0xfffb) || (code >= 0xe0000 && code < 0xe0100);
}

std::string Escaped(uint32_t code) {
  switch (code) {
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      return code < 0x100 ? Format("\\x%02x", code) : Format("\\u%04x", code);
  }
}

constexpr std::string_view kCut = "...";

// Whether a path may begin at a character that follows `before`.
bool StartsPath(char before) {
  return std::string_view(" \t\n\"'`([{<=:,;|").find(before) != std::string_view::npos;
}

// The end of a path that begins at `start`, past its last slash: up to the end of its clause, in
// which the path's folders may have spaces.
size_t EndOfFolders(std::string_view text, size_t start) {
  size_t last = start;
  for (size_t i = start; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '/') last = i;
    const bool clause_ends = std::string_view("\"'`)]}<>;|\n").find(c) != std::string_view::npos ||
                             ((c == ':' || c == ',') && text.substr(i + 1).starts_with(' '));
    if (clause_ends) break;
  }
  return last + 1;
}

}  // namespace

std::string Showable(std::string_view text, size_t max_bytes) {
  std::string shown;
  size_t fits = 0;  // the length to which the text can be cut
  while (!text.empty() && shown.size() <= max_bytes) {
    if (shown.size() + kCut.size() <= max_bytes) fits = shown.size();
    const Character character = Decode(text);
    if (character.bytes == 0) {
      shown += Format("\\x%02x", static_cast<uint8_t>(text.front()));
      text.remove_prefix(1);
    } else {
      if (Acts(character.code)) {
        shown += Escaped(character.code);
      } else {
        shown += text.substr(0, character.bytes);
      }
      text.remove_prefix(character.bytes);
    }
  }
  if (shown.size() <= max_bytes && text.empty()) return shown;
  shown.resize(fits);
  return shown.append(kCut);
}

std::string WithoutFolders(std::string_view sentence) {
  std::string result;
  for (size_t i = 0; i < sentence.size();) {
    const bool address = sentence.substr(i).starts_with("://");
    // "file:///srv/7.png" has a path after its slashes, "rtsp://host/path" has none of ours.
    const bool file = address && result.ends_with("file");
    if (address) {
      result += "://";
      i += 3;
      if (!file) continue;
    }
    const bool path = i < sentence.size() && sentence[i] == '/' &&
                      (file || i == 0 || StartsPath(sentence[i - 1]));
    if (path) {
      i = EndOfFolders(sentence, i);
    } else if (i < sentence.size()) {
      result += sentence[i++];
    }
  }
  return result;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const size_t bytes = Decode(text).bytes;
    if (bytes == 0) return false;
    text.remove_prefix(bytes);
  }
  return true;
}

}  // namespace shadowtutor
