#include "video/label_png.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <span>

#include "core/atomic_file.h"
#include "video/quiet_opencv.h"

namespace shadowtutor::video {
namespace {

constexpr size_t kMaxFileBytes = size_t{64} << 20;

// The fields of the IHDR chunk that are checked before the rest is decoded.
struct Header {
  uint32_t width = 0, height = 0;
  uint8_t bit_depth = 0, color_type = 0;
};

bool ParseHeader(std::span<const uint8_t> bytes, Header& header) {
  constexpr std::array<uint8_t, 16> kStart = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n',
                                              0,    0,   0,   13,  'I',  'H',  'D',  'R'};
  if (bytes.size() < 26 || !std::equal(kStart.begin(), kStart.end(), bytes.begin())) return false;
  const auto big_endian = [&](size_t at) {
    return uint32_t{bytes[at]} << 24 | uint32_t{bytes[at + 1]} << 16 |
           uint32_t{bytes[at + 2]} << 8 | uint32_t{bytes[at + 3]};
  };
  header = {big_endian(16), big_endian(20), bytes[24], bytes[25]};
  return true;
}

// Whether the file ends with an empty IEND chunk, as a complete PNG does. OpenCV does not report
// that a file is truncated.
bool HasEnd(std::span<const uint8_t> bytes) {
  constexpr std::array<uint8_t, 12> kEnd = {0, 0, 0, 0, 'I', 'E', 'N', 'D', 0xae, 0x42, 0x60, 0x82};
  return bytes.size() >= kEnd.size() &&
         std::equal(kEnd.begin(), kEnd.end(), bytes.end() - kEnd.size());
}

}  // namespace

std::string LabelFileName(uint64_t frame_index) {
  char name[32];
  std::snprintf(name, sizeof name, "%06llu.png", static_cast<unsigned long long>(frame_index));
  return name;
}

std::vector<uint8_t> EncodeLabelPng(const LabelMap& labels) {
  if (labels.empty()) {
    throw Error(ErrorCode::kInvalidArgument, "an empty label map cannot be written as a PNG");
  }
  const cv::Mat view(labels.height(), labels.width(), CV_8UC1,
                     const_cast<uint8_t*>(labels.labels().data()));
  std::vector<uint8_t> bytes;
  // Level 3: label maps are long runs of one value, so higher levels save almost no bytes.
  if (!cv::imencode(".png", view, bytes, {cv::IMWRITE_PNG_COMPRESSION, 3})) {
    throw Error(ErrorCode::kInternal, "OpenCV could not encode a PNG");
  }
  return bytes;
}

LabelMap ReadLabelPng(const std::filesystem::path& file) {
  const std::vector<uint8_t> bytes = ReadFile(file, kMaxFileBytes);
  Header header;
  if (!ParseHeader(bytes, header) || !HasEnd(bytes)) {
    throw Error(ErrorCode::kDataLoss, file.string() + " is not a complete PNG file");
  }
  if (header.bit_depth != 8 || header.color_type != 0) {
    throw Error(ErrorCode::kInvalidArgument,
                file.string() +
                    " is not a label map: its pixels must be one 8-bit grey channel that holds the "
                    "class index (no palette, no colours)");
  }
  const auto limit = static_cast<uint32_t>(kMaxFrameSide);
  if (header.width == 0 || header.height == 0 || header.width > limit || header.height > limit ||
      size_t{header.width} * header.height > kMaxFramePixels) {
    throw Error(ErrorCode::kResourceExhausted,
                file.string() + " has " + std::to_string(header.width) + "x" +
                    std::to_string(header.height) + " pixels; at most " +
                    std::to_string(kMaxFrameSide) + " a side are read");
  }
  QuietOpenCv();
  cv::Mat decoded;
  try {
    decoded = cv::imdecode(bytes, cv::IMREAD_UNCHANGED);
  } catch (const cv::Exception&) {
    decoded.release();
  }
  if (decoded.empty() || decoded.type() != CV_8UC1) {
    throw Error(ErrorCode::kDataLoss, file.string() + " is damaged: its pixels do not decode");
  }
  LabelMap labels(decoded.cols, decoded.rows);
  for (int y = 0; y < decoded.rows; ++y) {
    std::memcpy(labels.row(y), decoded.ptr(y), static_cast<size_t>(decoded.cols));
  }
  return labels;
}

}  // namespace shadowtutor::video
