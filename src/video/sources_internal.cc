#include "video/sources_internal.h"

#include <algorithm>
#include <cstring>

#include "core/text.h"

namespace shadowtutor::video::internal {

std::string WithoutCredentials(const std::string& address) {
  const size_t scheme = address.find("://");
  if (scheme == std::string::npos) return address;
  const size_t host = scheme + 3;
  const size_t path = std::min(address.find('/', host), address.size());
  const size_t at = address.rfind('@', path);
  if (at == std::string::npos || at < host) return address;
  return address.substr(0, host) + address.substr(at + 1);
}

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
