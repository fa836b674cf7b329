#include "video/image_png.h"

#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>

namespace shadowtutor::video {

std::vector<uint8_t> EncodeImagePng(ImageView image) {
  const cv::Mat pixels(image.height, image.width, CV_8UC3, const_cast<uint8_t*>(image.data),
                       static_cast<size_t>(image.stride));
  std::vector<uint8_t> bytes;
  if (!cv::imencode(".png", pixels, bytes)) {
    throw Error(ErrorCode::kInternal, "OpenCV could not encode a picture as PNG");
  }
  return bytes;
}

}  // namespace shadowtutor::video
