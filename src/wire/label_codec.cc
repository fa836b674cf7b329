#include "wire/label_codec.h"

#include <algorithm>
#include <array>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <string>

#include "core/text.h"
#include "wire/frame_codec.h"
#include "wire/label_rle.h"

namespace shadowtutor::wire {
namespace {

[[noreturn]] void Refuse(const std::string& why) {
  throw Error(ErrorCode::kDataLoss, "a label map is not a usable PNG: " + why);
}

// Checks the first chunk, which has the size and the pixel format, and that the last chunk is
// there: OpenCV does not report a truncated file.
void CheckPng(std::span<const uint8_t> bytes, FrameSize declared) {
  constexpr std::array<uint8_t, 16> kStart = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n',
                                              0,    0,   0,   13,  'I',  'H',  'D',  'R'};
  constexpr std::array<uint8_t, 12> kEnd = {0, 0, 0, 0, 'I', 'E', 'N', 'D', 0xae, 0x42, 0x60, 0x82};
  constexpr size_t kWidthAt = 16, kHeightAt = 20, kDepthAt = 24, kColorAt = 25, kLeast = 26;
  if (bytes.size() < kLeast || !std::equal(kStart.begin(), kStart.end(), bytes.begin())) {
    Refuse("it does not start like one");
  }
  if (!std::equal(kEnd.begin(), kEnd.end(), bytes.end() - kEnd.size())) Refuse("it is truncated");
  const auto number = [&](size_t at) {
    return uint32_t{bytes[at]} << 24 | uint32_t{bytes[at + 1]} << 16 |
           uint32_t{bytes[at + 2]} << 8 | uint32_t{bytes[at + 3]};
  };
  if (number(kWidthAt) != static_cast<uint32_t>(declared.width) ||
      number(kHeightAt) != static_cast<uint32_t>(declared.height)) {
    Refuse("its size is " + std::to_string(number(kWidthAt)) + "x" +
           std::to_string(number(kHeightAt)) + " where the frame's is " + SizeText(declared));
  }
  if (bytes[kDepthAt] != 8 || bytes[kColorAt] != 0) Refuse("it is not one 8-bit grey channel");
}

std::vector<uint8_t> EncodePng(const LabelMap& labels) {
  CheckFrameSize(labels.size());
  const cv::Mat view(labels.height(), labels.width(), CV_8UC1,
                     const_cast<uint8_t*>(labels.labels().data()));
  std::vector<uint8_t> bytes;
  // Level 3: label maps are long runs of one value, so higher levels save almost no bytes.
  try {
    if (cv::imencode(".png", view, bytes, {cv::IMWRITE_PNG_COMPRESSION, 3})) return bytes;
  } catch (const cv::Exception& error) {
    throw Error(ErrorCode::kInternal, std::string("PNG encoding failed: ") + error.what());
  }
  throw Error(ErrorCode::kInternal, "PNG encoding failed");
}

LabelMap DecodePng(std::span<const uint8_t> bytes, FrameSize declared) {
  CheckPng(bytes, declared);
  const cv::Mat encoded(1, static_cast<int>(bytes.size()), CV_8UC1,
                        const_cast<uint8_t*>(bytes.data()));
  LabelMap labels(declared.width, declared.height);
  cv::Mat pixels(declared.height, declared.width, CV_8UC1, labels.labels().data());
  try {
    cv::imdecode(encoded, cv::IMREAD_GRAYSCALE, &pixels);
  } catch (const cv::Exception&) {
    Refuse("its pixels cannot be decoded");
  }
  // OpenCV decodes into the memory given when size and type fit, and allocates its own otherwise.
  if (pixels.data != labels.labels().data()) Refuse("its pixels cannot be decoded");
  return labels;
}

}  // namespace

size_t MaxLabelBytes(FrameSize size) { return 2 * size.pixels() + (size_t{64} << 10); }

std::vector<uint8_t> LabelEncoder::Encode(const LabelMap& labels) {
  switch (codec_) {
    case LabelCodec::kRle:
      return EncodeLabelRle(labels);
    case LabelCodec::kCoded:
      return coder_.Encode(labels);
    case LabelCodec::kPng:
      break;
  }
  return EncodePng(labels);
}

LabelMap LabelDecoder::Decode(LabelCodec codec, std::span<const uint8_t> bytes,
                              FrameSize declared) {
  CheckFrameSize(declared);
  if (bytes.size() > MaxLabelBytes(declared)) {
    throw Error(ErrorCode::kDataLoss, "a label map has more bytes than its pixels can take");
  }
  switch (codec) {
    case LabelCodec::kRle:
      return DecodeLabelRle(bytes, declared);
    case LabelCodec::kCoded:
      return coder_.Decode(bytes, declared);
    case LabelCodec::kPng:
      break;
  }
  return DecodePng(bytes, declared);
}

}  // namespace shadowtutor::wire
