#include "wire/jpeg.h"

#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <string>

#include "core/text.h"
#include "wire/frame_codec.h"

namespace shadowtutor::wire {

namespace {

[[noreturn]] void Refuse(const std::string& why) {
  throw Error(ErrorCode::kDataLoss, "a key frame is not a usable JPEG: " + why);
}

// Finds the frame header (SOF0, which marks a baseline JPEG) and returns the size in it.
FrameSize BaselineSize(std::span<const uint8_t> bytes) {
  constexpr uint8_t kStartOfImage = 0xd8, kEndOfImage = 0xd9, kBaseline = 0xc0;
  constexpr uint8_t kHuffmanTables = 0xc4, kArithmetic = 0xcc, kJpegExtension = 0xc8;
  const size_t size = bytes.size();
  if (size < 4 || bytes[0] != 0xff || bytes[1] != kStartOfImage) {
    Refuse("it does not start like one");
  }
  if (bytes[size - 2] != 0xff || bytes[size - 1] != kEndOfImage) Refuse("it is truncated");
  size_t at = 2;
  while (at + 4 <= size) {
    if (bytes[at] != 0xff) Refuse("its markers are broken");
    const uint8_t marker = bytes[at + 1];
    if (marker == 0xff) {  // fill byte
      ++at;
      continue;
    }
    const size_t length = static_cast<size_t>(bytes[at + 2] << 8 | bytes[at + 3]);
    if (length < 2 || at + 2 + length > size) Refuse("a segment reaches past the end of the file");
    if (marker == kBaseline) {
      if (length < 8) Refuse("its frame header is too short");
      return {bytes[at + 7] << 8 | bytes[at + 8], bytes[at + 5] << 8 | bytes[at + 6]};
    }
    const bool frame_header = (marker & 0xf0) == 0xc0 && marker != kHuffmanTables &&
                              marker != kArithmetic && marker != kJpegExtension;
    if (frame_header) Refuse("it is not baseline JPEG");
    if (marker < 0xc0 || marker == kEndOfImage || marker == 0xda) break;
    at += 2 + length;
  }
  Refuse("it has no frame header");
}

}  // namespace

std::vector<uint8_t> EncodeJpeg(ImageView frame, int quality) {
  CheckFrameSize(frame.size());
  if (quality < 1 || quality > 100) {
    throw Error(ErrorCode::kInvalidArgument,
                "JPEG quality " + std::to_string(quality) + " is not within 1 to 100");
  }
  const cv::Mat pixels(frame.height, frame.width, CV_8UC3, const_cast<uint8_t*>(frame.data),
                       static_cast<size_t>(frame.stride));
  std::vector<uint8_t> payload;
  try {
    if (cv::imencode(".jpg", pixels, payload, {cv::IMWRITE_JPEG_QUALITY, quality})) return payload;
  } catch (const cv::Exception& error) {
    throw Error(ErrorCode::kInternal, std::string("JPEG encoding failed: ") + error.what());
  }
  throw Error(ErrorCode::kInternal, "JPEG encoding failed");
}

Image DecodeJpeg(std::span<const uint8_t> payload, FrameSize declared) {
  CheckFrameSize(declared);
  const FrameSize size = BaselineSize(payload);
  if (size != declared) {
    Refuse("its size is " + SizeText(size) + " where the key frame's is " + SizeText(declared));
  }
  const cv::Mat bytes(1, static_cast<int>(payload.size()), CV_8UC1,
                      const_cast<uint8_t*>(payload.data()));
  Image frame(size.width, size.height);
  cv::Mat pixels(size.height, size.width, CV_8UC3, frame.bytes().data());
  try {
    // The orientation tag is ignored: turning the frame could change its size from the declared.
    cv::imdecode(bytes, cv::IMREAD_COLOR | cv::IMREAD_IGNORE_ORIENTATION, &pixels);
  } catch (const cv::Exception&) {
    Refuse("its pixels cannot be decoded");
  }
  // OpenCV decodes into the memory given when size and type fit, and allocates its own otherwise.
  if (pixels.data != frame.bytes().data() || pixels.cols != size.width ||
      pixels.rows != size.height) {
    Refuse("its pixels cannot be decoded");
  }
  return frame;
}

}  // namespace shadowtutor::wire
