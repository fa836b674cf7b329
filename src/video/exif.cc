#include "video/exif.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>

namespace shadowtutor::video {
namespace {

using Bytes = std::span<const uint8_t>;

bool StartsWith(Bytes bytes, std::string_view text) {
  return bytes.size() >= text.size() &&
         std::equal(text.begin(), text.end(), bytes.begin(),
                    [](char c, uint8_t byte) { return static_cast<uint8_t>(c) == byte; });
}

// The bytes from `at` on; none when there are not as many.
Bytes From(Bytes bytes, size_t at) { return bytes.subspan(std::min(at, bytes.size())); }

// Numbers of 2 and 4 bytes, the most significant byte first or last. The bytes must be there.
uint32_t Number16(Bytes bytes, bool big_endian) {
  return big_endian ? uint32_t{bytes[0]} << 8 | bytes[1] : uint32_t{bytes[1]} << 8 | bytes[0];
}
uint32_t Number32(Bytes bytes, bool big_endian) {
  const uint32_t first = Number16(bytes, big_endian);
  const uint32_t second = Number16(bytes.subspan(2), big_endian);
  return big_endian ? first << 16 | second : second << 16 | first;
}

// The orientation in the first directory of a TIFF file, which Exif data is as well.
std::optional<int> TiffOrientation(Bytes tiff) {
  constexpr uint32_t kOrientationTag = 0x0112;
  constexpr size_t kEntryBytes = 12;
  const bool big_endian = StartsWith(tiff, {"MM\0*", 4});
  if ((!big_endian && !StartsWith(tiff, {"II*\0", 4})) || tiff.size() < 8) return std::nullopt;
  Bytes directory = From(tiff, Number32(tiff.subspan(4), big_endian));
  if (directory.size() < 2) return std::nullopt;
  uint32_t entries = Number16(directory, big_endian);
  directory = directory.subspan(2);
  for (; entries > 0 && directory.size() >= kEntryBytes; --entries) {
    const Bytes entry = directory.first(kEntryBytes);
    directory = directory.subspan(kEntryBytes);
    if (Number16(entry, big_endian) != kOrientationTag) continue;
    const uint32_t type = Number16(entry.subspan(2), big_endian);
    const uint32_t count = Number32(entry.subspan(4), big_endian);
    const Bytes value = entry.subspan(8);
    uint32_t orientation = 0;
    // The specification has a number of 2 bytes; some programs write one of 1 or 4.
    if (type == 1) orientation = value[0];
    if (type == 3) orientation = Number16(value, big_endian);
    if (type == 4) orientation = Number32(value, big_endian);
    if (count != 1 || orientation < 1 || orientation > 8) return std::nullopt;
    return static_cast<int>(orientation);
  }
  return std::nullopt;
}

// The same for data that may begin with "Exif\0\0", as it does in JPEG files, and should not
// elsewhere.
std::optional<int> ExifDataOrientation(Bytes data) {
  return TiffOrientation(StartsWith(data, {"Exif\0", 5}) ? From(data, 6) : data);
}

std::optional<int> JpegOrientation(Bytes file) {
  constexpr uint8_t kApp1 = 0xe1, kStartOfScan = 0xda, kEndOfImage = 0xd9;
  Bytes rest = From(file, 2);
  while (rest.size() >= 4 && rest[0] == 0xff) {
    const uint8_t marker = rest[1];
    if (marker == 0xff) {  // a fill byte
      rest = rest.subspan(1);
      continue;
    }
    if (marker == kStartOfScan || marker == kEndOfImage) break;
    if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8)) {  // markers without a segment
      rest = rest.subspan(2);
      continue;
    }
    const uint32_t length = Number16(rest.subspan(2), true);  // counts itself
    if (length < 2) break;
    const Bytes segment = From(rest, 4).first(std::min<size_t>(length - 2, rest.size() - 4));
    if (marker == kApp1 && StartsWith(segment, {"Exif\0", 5})) {
      if (const auto orientation = ExifDataOrientation(segment)) return orientation;
    }
    rest = From(rest, size_t{2} + length);
  }
  return std::nullopt;
}

std::optional<int> PngOrientation(Bytes file) {
  constexpr size_t kAround = 12;  // a chunk's length and name before its data, a checksum after it
  Bytes rest = From(file, 8);
  while (rest.size() >= kAround) {
    const size_t length = Number32(rest, true);
    if (length > rest.size() - kAround) break;
    if (StartsWith(rest.subspan(4), "eXIf")) return ExifDataOrientation(rest.subspan(8, length));
    rest = rest.subspan(kAround + length);
  }
  return std::nullopt;
}

std::optional<int> WebpOrientation(Bytes file) {
  constexpr size_t kHeader = 8;  // a chunk's name and length, before its data
  // The length of the outermost chunk, which counts from its name WEBP on. What follows it is no
  // part of the picture.
  const size_t length = Number32(file.subspan(4), false);
  Bytes rest = From(file.first(std::min(file.size(), kHeader + length)), 12);
  while (rest.size() >= kHeader) {
    const size_t size = Number32(rest.subspan(4), false);
    if (size > rest.size() - kHeader) break;
    if (StartsWith(rest, "EXIF")) return ExifDataOrientation(rest.subspan(kHeader, size));
    rest = From(rest, kHeader + size + size % 2);
  }
  return std::nullopt;
}

}  // namespace

int ExifOrientation(std::span<const uint8_t> file) {
  std::optional<int> orientation;
  if (StartsWith(file, "\xff\xd8")) {
    orientation = JpegOrientation(file);
  } else if (StartsWith(file, "\x89PNG\r\n\x1a\n")) {
    orientation = PngOrientation(file);
  } else if (StartsWith(file, "RIFF") && StartsWith(From(file, 8), "WEBP")) {
    orientation = WebpOrientation(file);
  } else {
    orientation = TiffOrientation(file);
  }
  return orientation.value_or(1);
}

}  // namespace shadowtutor::video
