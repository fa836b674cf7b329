#include "video/picture_bytes.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "shadowtutor/types.h"

namespace shadowtutor::video::internal {
namespace {

constexpr size_t kEntryBytes = 12;

// Numbers of a TIFF file, whose first two bytes tell their order.
class TiffNumbers {
 public:
  explicit TiffNumbers(bool big_endian) : big_endian_(big_endian) {}
  uint32_t Get(const uint8_t* bytes, int count) const {
    uint32_t number = 0;
    for (int i = 0; i < count; ++i) {
      number |= uint32_t{bytes[i]} << (8 * (big_endian_ ? count - 1 - i : i));
    }
    return number;
  }
  void Put(uint8_t* bytes, int count, uint32_t number) const {
    for (int i = 0; i < count; ++i) {
      bytes[i] = static_cast<uint8_t>(number >> (8 * (big_endian_ ? count - 1 - i : i)));
    }
  }

 private:
  const bool big_endian_;
};

// What the decoder of FFmpeg 5.1 reads: size, bits, compression, colours, strips and tiles.
bool IsKnownTag(uint32_t tag) {
  constexpr std::array<uint32_t, 23> kKnown = {254, 256, 257, 258, 259, 262, 266, 273,
                                               277, 278, 279, 282, 283, 284, 292, 293,
                                               317, 320, 322, 323, 324, 325, 530};
  return std::binary_search(kKnown.begin(), kKnown.end(), tag);
}

bool IsKnownCompression(uint32_t value) {
  // None, CCITT (RLE, G3, G4), LZW, two kinds of Deflate, PackBits.
  constexpr std::array<uint32_t, 8> kKnown = {1, 2, 3, 4, 5, 8, 32773, 32946};
  return std::binary_search(kKnown.begin(), kKnown.end(), value);
}

}  // namespace

std::vector<uint8_t> WithKnownTags(std::span<const uint8_t> tiff, const std::string& name) {
  std::vector<uint8_t> bytes(tiff.begin(), tiff.end());
  constexpr size_t kHeaderBytes = 8;
  if (bytes.size() < kHeaderBytes) return bytes;
  const TiffNumbers numbers(bytes[0] == 'M');
  const size_t directory = numbers.Get(&bytes[4], 4);
  if (directory + 2 > bytes.size()) return bytes;
  const size_t entries = numbers.Get(&bytes[directory], 2);
  const size_t end = directory + 2 + entries * kEntryBytes;  // where the next directory is named
  if (end + 4 > bytes.size()) return bytes;
  size_t kept = 0;
  for (size_t i = 0; i < entries; ++i) {
    const uint8_t* entry = &bytes[directory + 2 + i * kEntryBytes];
    const uint32_t tag = numbers.Get(entry, 2);
    if (!IsKnownTag(tag)) continue;
    constexpr uint32_t kCompression = 259;
    if (tag == kCompression && !IsKnownCompression(numbers.Get(entry + 8, 2))) {
      throw Error(ErrorCode::kDataLoss, "cannot decode the image " + name +
                                            ": TIFF with this compression cannot be read; save it "
                                            "as PNG or JPEG");
    }
    std::copy_n(entry, kEntryBytes,
                bytes.begin() + static_cast<ptrdiff_t>(directory + 2 + kept * kEntryBytes));
    ++kept;
  }
  numbers.Put(&bytes[directory], 2, static_cast<uint32_t>(kept));
  numbers.Put(&bytes[directory + 2 + kept * kEntryBytes], 4, 0);  // no further directory
  return bytes;
}

std::vector<uint8_t> WithoutTexts(std::span<const uint8_t> png) {
  constexpr size_t kSignatureBytes = 8, kAroundData = 12;  // length, type, checksum
  std::vector<uint8_t> bytes(png.begin(), png.begin() + std::min(png.size(), kSignatureBytes));
  for (std::span<const uint8_t> rest = png.subspan(bytes.size()); !rest.empty();) {
    size_t size = rest.size();
    std::string_view type;
    if (size >= kAroundData) {
      const size_t length = TiffNumbers(true).Get(rest.data(), 4);
      size = std::min(size, length + kAroundData);
      type = {reinterpret_cast<const char*>(rest.data()) + 4, 4};
    }
    const bool left_out = type == "iCCP" || type == "zTXt" || type == "iTXt" || type == "tEXt";
    if (!left_out) bytes.insert(bytes.end(), rest.begin(), rest.begin() + size);
    rest = rest.subspan(size);
  }
  return bytes;
}

}  // namespace shadowtutor::video::internal
