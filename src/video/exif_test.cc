#include "video/exif.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace shadowtutor::video {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
Bytes Text(const std::string& text) { return {text.begin(), text.end()}; }

// A number of `bytes` bytes, most significant first or last.
Bytes Number(uint32_t value, int bytes, bool big_endian) {
  Bytes number;
  for (int i = 0; i < bytes; ++i) {
    const int shift = 8 * (big_endian ? bytes - 1 - i : i);
    number.push_back(static_cast<uint8_t>(value >> shift));
  }
  return number;
}

// An entry of a directory of TIFF; the value of a type of 1, 2 or 4 bytes comes first in its four.
Bytes Entry(uint32_t tag, uint32_t type, uint32_t count, uint32_t value, bool big_endian) {
  const int width = type == 4 ? 4 : type == 3 ? 2 : 1;
  Bytes entry = Number(tag, 2, big_endian) + Number(type, 2, big_endian) +
                Number(count, 4, big_endian) + Number(value, width, big_endian);
  entry.resize(12);
  return entry;
}

Bytes TiffHeader(bool big_endian, uint32_t directory_at = 8) {
  return Text(big_endian ? "MM" : "II") + Number(42, 2, big_endian) +
         Number(directory_at, 4, big_endian);
}

Bytes Directory(const std::vector<Bytes>& entries, bool big_endian, uint32_t next = 0) {
  Bytes directory = Number(static_cast<uint32_t>(entries.size()), 2, big_endian);
  for (const Bytes& entry : entries) directory = directory + entry;
  return directory + Number(next, 4, big_endian);
}

// A TIFF file with other entries before and after the orientation.
Bytes Tiff(uint32_t orientation, bool big_endian = true) {
  return TiffHeader(big_endian) + Directory({Entry(0x0100, 3, 1, 640, big_endian),
                                             Entry(0x0112, 3, 1, orientation, big_endian),
                                             Entry(0x0115, 3, 1, 3, big_endian)},
                                            big_endian);
}

// A TIFF file of one entry.
Bytes TiffOf(const Bytes& entry) { return TiffHeader(true) + Directory({entry}, true); }

Bytes Segment(uint8_t marker, const Bytes& data) {
  return Bytes{0xff, marker} + Number(static_cast<uint32_t>(data.size() + 2), 2, true) + data;
}
Bytes ExifSegment(const Bytes& tiff) { return Segment(0xe1, Text({"Exif\0\0", 6}) + tiff); }
const Bytes kJpegStart = {0xff, 0xd8};
// What follows the metadata: a table, the start of the scan, and entropy-coded data.
Bytes JpegRest() { return Segment(0xdb, Bytes(65)) + Segment(0xda, Bytes(10)) + Bytes(20, 0x55); }
Bytes Jpeg(const Bytes& tiff) {
  return kJpegStart + Segment(0xe0, Text({"JFIF\0", 5})) + ExifSegment(tiff) + JpegRest();
}

Bytes PngChunk(const std::string& name, const Bytes& data) {
  return Number(static_cast<uint32_t>(data.size()), 4, true) + Text(name) + data + Bytes(4);
}
const Bytes kPngStart = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
Bytes Png(const Bytes& exif) {
  return kPngStart + PngChunk("IHDR", Bytes(13)) + PngChunk("eXIf", exif) +
         PngChunk("IDAT", Bytes(30)) + PngChunk("IEND", {});
}

Bytes RiffChunk(const std::string& name, Bytes data) {
  const Bytes length = Number(static_cast<uint32_t>(data.size()), 4, false);
  if (data.size() % 2 == 1) data.push_back(0);
  return Text(name) + length + data;
}
Bytes Webp(const Bytes& exif) {
  return RiffChunk("RIFF", Text("WEBP") + RiffChunk("VP8X", Bytes(10)) +
                               RiffChunk("VP8L", Bytes(21)) + RiffChunk("EXIF", exif));
}

TEST(ExifOrientation, OfEveryKindOfFile) {
  for (int orientation = 1; orientation <= 8; ++orientation) {
    for (const bool big_endian : {false, true}) {
      const Bytes tiff = Tiff(static_cast<uint32_t>(orientation), big_endian);
      EXPECT_EQ(ExifOrientation(tiff), orientation);
      EXPECT_EQ(ExifOrientation(Jpeg(tiff)), orientation);
      EXPECT_EQ(ExifOrientation(Png(tiff)), orientation);
      EXPECT_EQ(ExifOrientation(Webp(tiff)), orientation);
      EXPECT_EQ(ExifOrientation(Webp(Text({"Exif\0\0", 6}) + tiff)), orientation);
      EXPECT_EQ(ExifOrientation(Png(Text({"Exif\0\0", 6}) + tiff)), orientation);
    }
  }
}

TEST(ExifOrientation, IsOneWithoutExif) {
  EXPECT_EQ(ExifOrientation({}), 1);
  EXPECT_EQ(ExifOrientation(Text("nothing of this kind")), 1);
  EXPECT_EQ(ExifOrientation(kJpegStart + JpegRest()), 1);
  EXPECT_EQ(ExifOrientation(kPngStart + PngChunk("IHDR", Bytes(13)) + PngChunk("IEND", {})), 1);
  EXPECT_EQ(ExifOrientation(RiffChunk("RIFF", Text("WEBP") + RiffChunk("VP8L", Bytes(20)))), 1);
  EXPECT_EQ(ExifOrientation(RiffChunk("RIFF", Text("WAVE") + RiffChunk("EXIF", Tiff(6)))), 1);
  EXPECT_EQ(ExifOrientation(TiffHeader(true) + Directory({}, true)), 1);
  EXPECT_EQ(ExifOrientation(Text("MM") + Number(43, 2, true) + Tiff(6)), 1);  // BigTIFF
}

TEST(ExifOrientation, IsOneForValuesThatAreNone) {
  for (const uint32_t value : {0U, 9U, 255U, 0x0600U, 65535U}) {
    EXPECT_EQ(ExifOrientation(Tiff(value)), 1) << value;
    EXPECT_EQ(ExifOrientation(Tiff(value, false)), 1) << value;
  }
  EXPECT_EQ(ExifOrientation(TiffOf(Entry(0x0112, 3, 0, 6, true))), 1);
  EXPECT_EQ(ExifOrientation(TiffOf(Entry(0x0112, 3, 2, 6, true))), 1);
  EXPECT_EQ(ExifOrientation(TiffOf(Entry(0x0112, 2, 1, 6, true))), 1);   // text
  EXPECT_EQ(ExifOrientation(TiffOf(Entry(0x0112, 12, 1, 6, true))), 1);  // floating point
}

TEST(ExifOrientation, NumbersOfOneAndFourBytesCountToo) {
  EXPECT_EQ(ExifOrientation(TiffOf(Entry(0x0112, 1, 1, 6, true))), 6);
  EXPECT_EQ(ExifOrientation(TiffOf(Entry(0x0112, 4, 1, 8, true))), 8);
  EXPECT_EQ(ExifOrientation(TiffOf(Entry(0x0112, 4, 1, 0x00060000, true))), 1);
}

TEST(ExifOrientation, TheDirectoryMayLieAnywhere) {
  const Bytes directory = Directory({Entry(0x0112, 3, 1, 6, true)}, true);
  EXPECT_EQ(ExifOrientation(TiffHeader(true, 5000) + Bytes(4992) + directory), 6);
  EXPECT_EQ(ExifOrientation(TiffHeader(true, 9) + Bytes(1) + directory), 6);
}

TEST(ExifOrientation, WrongOffsetsAndCounts) {
  const Bytes directory = Directory({Entry(0x0112, 3, 1, 6, true)}, true);
  for (const uint32_t at : {0U, 1U, 4U, 7U, 12U, 25U, 26U, 27U, 0x7fffffffU, 0xffffffffU}) {
    EXPECT_EQ(ExifOrientation(TiffHeader(true, at) + directory), 1) << at;
  }
  // More entries than there are bytes, and a next directory that is this one again.
  EXPECT_EQ(
      ExifOrientation(TiffHeader(true) + Number(65535, 2, true) + Entry(0x0100, 3, 1, 6, true)), 1);
  EXPECT_EQ(ExifOrientation(TiffHeader(true) + Directory({Entry(0x0100, 3, 1, 6, true)}, true, 8)),
            1);
}

TEST(ExifOrientation, OfTheThumbnailDoesNotCount) {
  const Bytes main = Directory({Entry(0x0100, 3, 1, 640, true)}, true, 26);
  const Bytes thumbnail = Directory({Entry(0x0112, 3, 1, 6, true)}, true);
  ASSERT_EQ((TiffHeader(true) + main).size(), 26U);
  EXPECT_EQ(ExifOrientation(TiffHeader(true) + main + thumbnail), 1);
}

TEST(ExifOrientation, TheFirstOfSeveralCounts) {
  EXPECT_EQ(ExifOrientation(
                TiffHeader(true) +
                Directory({Entry(0x0112, 3, 1, 6, true), Entry(0x0112, 3, 1, 3, true)}, true)),
            6);
  EXPECT_EQ(ExifOrientation(kJpegStart + ExifSegment(Tiff(6)) + ExifSegment(Tiff(3)) + JpegRest()),
            6);
  // A segment without an orientation, and one of other metadata under the same marker, are none.
  EXPECT_EQ(ExifOrientation(kJpegStart + Segment(0xe1, Text("http://ns.adobe.com/xap/1.0/")) +
                            ExifSegment(TiffOf(Entry(0x0100, 3, 1, 640, true))) +
                            ExifSegment(Tiff(3)) + JpegRest()),
            3);
}

TEST(ExifOrientation, JpegMarkersOfAllKinds) {
  // Fill bytes before a marker, and a marker without a length.
  EXPECT_EQ(ExifOrientation(kJpegStart + Bytes{0xff, 0xff, 0xff} + ExifSegment(Tiff(6))), 6);
  EXPECT_EQ(ExifOrientation(kJpegStart + Bytes{0xff, 0x01} + ExifSegment(Tiff(6))), 6);
  // What comes after the start of the scan or the end of the image is no metadata of this picture.
  EXPECT_EQ(ExifOrientation(kJpegStart + JpegRest() + ExifSegment(Tiff(6))), 1);
  EXPECT_EQ(ExifOrientation(kJpegStart + Bytes{0xff, 0xd9} + ExifSegment(Tiff(6))), 1);
  // Lengths that are too small, and bytes where a marker should be.
  EXPECT_EQ(ExifOrientation(kJpegStart + Bytes{0xff, 0xe0, 0, 0} + ExifSegment(Tiff(6))), 1);
  EXPECT_EQ(ExifOrientation(kJpegStart + Bytes{0xff, 0xe0, 0, 1} + ExifSegment(Tiff(6))), 1);
  EXPECT_EQ(ExifOrientation(kJpegStart + Bytes{0x12} + ExifSegment(Tiff(6))), 1);
}

TEST(ExifOrientation, PngChunkAfterThePixelsCounts) {
  EXPECT_EQ(ExifOrientation(kPngStart + PngChunk("IHDR", Bytes(13)) + PngChunk("IDAT", Bytes(9)) +
                            PngChunk("eXIf", Tiff(5)) + PngChunk("IEND", {})),
            5);
  EXPECT_EQ(ExifOrientation(kPngStart + Number(0xffffffff, 4, true) + Text("IHDR") +
                            PngChunk("eXIf", Tiff(5))),
            1);
}

TEST(ExifOrientation, WebpChunksBehindTheFileDoNotCount) {
  const Bytes whole = RiffChunk("RIFF", Text("WEBP") + RiffChunk("VP8L", Bytes(20)));
  EXPECT_EQ(ExifOrientation(whole + RiffChunk("EXIF", Tiff(6))), 1);
  EXPECT_EQ(ExifOrientation(Text("RIFF") + Bytes(4, 0xff) + Text("WEBP") + Text("VP8L") +
                            Bytes(4, 0xff) + RiffChunk("EXIF", Tiff(6))),
            1);
}

// Copies, so that the sanitizers see reads past the end.
TEST(ExifOrientation, TruncatedAtEveryLength) {
  for (const Bytes& file : {Tiff(6), Tiff(6, false), Jpeg(Tiff(6)), Png(Tiff(6)), Webp(Tiff(6)),
                            Webp(Text({"Exif\0\0", 6}) + Tiff(6))}) {
    ASSERT_EQ(ExifOrientation(file), 6);
    for (size_t length = 0; length < file.size(); ++length) {
      const Bytes part(file.begin(), file.begin() + static_cast<ptrdiff_t>(length));
      const int orientation = ExifOrientation(part);
      EXPECT_TRUE(orientation == 1 || orientation == 6) << length;
    }
  }
}

TEST(ExifOrientation, DamagedAnywhere) {
  std::mt19937 random(3);
  for (const Bytes& file : {Tiff(6), Jpeg(Tiff(6)), Png(Tiff(6)), Webp(Tiff(6))}) {
    for (int round = 0; round < 3000; ++round) {
      Bytes damaged = file;
      for (auto count = 1 + random() % 4; count > 0; --count) {
        damaged[random() % damaged.size()] = static_cast<uint8_t>(random());
      }
      const int orientation = ExifOrientation(damaged);
      ASSERT_TRUE(orientation >= 1 && orientation <= 8);
    }
  }
}

}  // namespace
}  // namespace shadowtutor::video
