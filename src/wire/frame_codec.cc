#include "wire/frame_codec.h"

#include <algorithm>
#include <string>

#include "core/text.h"

namespace shadowtutor::wire {

void CheckFrameSize(FrameSize size) {
  if (size.width < 1 || size.height < 1) {
    throw Error(ErrorCode::kInvalidArgument, "a frame of " + SizeText(size) + " pixels is empty");
  }
  if (size.width > kMaxFrameSide || size.height > kMaxFrameSide ||
      size.pixels() > kMaxFramePixels) {
    throw Error(ErrorCode::kResourceExhausted,
                "a frame of " + SizeText(size) + " is over the limit of " +
                    std::to_string(kMaxFrameSide) + " pixels a side and " +
                    std::to_string(kMaxFramePixels) + " in all; shrink it first");
  }
}

std::vector<uint8_t> PackRawFrame(ImageView frame) {
  CheckFrameSize(frame.size());
  const size_t row_bytes = size_t{3} * frame.width;
  std::vector<uint8_t> payload(RawFrameBytes(frame.size()));
  for (int y = 0; y < frame.height; ++y) {
    std::copy_n(frame.row(y), row_bytes, payload.data() + y * row_bytes);
  }
  return payload;
}

Image UnpackRawFrame(std::span<const uint8_t> payload, FrameSize declared) {
  CheckFrameSize(declared);
  if (payload.size() != RawFrameBytes(declared)) {
    throw Error(ErrorCode::kDataLoss, "a raw frame of " + SizeText(declared) + " has " +
                                          std::to_string(RawFrameBytes(declared)) + " bytes, but " +
                                          std::to_string(payload.size()) + " came");
  }
  Image frame(declared.width, declared.height);
  std::copy(payload.begin(), payload.end(), frame.bytes().begin());
  return frame;
}

}  // namespace shadowtutor::wire
