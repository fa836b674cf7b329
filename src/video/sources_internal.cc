#include "video/sources_internal.h"

#include <algorithm>
#include <cstring>

#include "core/text.h"

namespace shadowtutor::video::internal {

void CopyFrame(const cv::Mat& decoded, const std::string& name, Image& frame) {
  if (decoded.empty() || decoded.type() != CV_8UC3) {
    throw Error(ErrorCode::kDataLoss, name + " did not decode to 8-bit colour");
  }
  const FrameSize size{decoded.cols, decoded.rows};
  if (std::max(size.width, size.height) > kMaxFrameSide || size.pixels() > kMaxFramePixels) {
    throw Error(ErrorCode::kResourceExhausted,
                name + " has frames of " + SizeText(size) + "; at most " +
                    std::to_string(kMaxFrameSide) + " a side and " +
                    std::to_string(kMaxFramePixels) + " pixels are taken, so scale it down first");
  }
  if (frame.size() != size) frame = Image(size.width, size.height);
  for (int y = 0; y < size.height; ++y) {
    std::memcpy(frame.row(y), decoded.ptr(y), static_cast<size_t>(size.width) * 3);
  }
}

}  // namespace shadowtutor::video::internal
