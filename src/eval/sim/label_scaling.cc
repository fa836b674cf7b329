#include "eval/sim/label_scaling.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

namespace shadowtutor::eval {
namespace {

bool IsSmaller(FrameSize size, FrameSize than) { return size.pixels() < than.pixels(); }

}  // namespace

FrameSize ReducedTo(int width, FrameSize size) {
  if (width <= 0 || size.width <= width) return size;
  const double height = static_cast<double>(size.height) * width / size.width;
  return {width, std::max(1, static_cast<int>(std::lround(height)))};
}

Image Scaled(ImageView picture, FrameSize size) {
  Image scaled(size.width, size.height);
  const cv::Mat from(picture.height, picture.width, CV_8UC3, const_cast<uint8_t*>(picture.data),
                     static_cast<size_t>(picture.stride));
  cv::Mat to(size.height, size.width, CV_8UC3, scaled.bytes().data());
  cv::resize(from, to, to.size(), 0, 0,
             IsSmaller(size, picture.size()) ? cv::INTER_AREA : cv::INTER_CUBIC);
  return scaled;
}

LabelMap Scaled(const LabelMap& labels, FrameSize size) {
  if (labels.size() == size) return labels;
  const cv::Mat from(labels.height(), labels.width(), CV_8UC1,
                     const_cast<uint8_t*>(labels.labels().data()));
  LabelMap scaled(size.width, size.height);
  if (IsSmaller(size, labels.size())) {
    cv::Mat to(size.height, size.width, CV_8UC1, scaled.labels().data());
    cv::resize(from, to, to.size(), 0, 0, cv::INTER_NEAREST_EXACT);
    return scaled;
  }
  std::array<bool, 256> occurs{};
  for (const uint8_t label : labels.labels()) occurs[label] = true;
  std::vector<uint8_t> most(size.pixels(), 0);  // the largest share so far, in 1/255
  cv::Mat mask, share;
  for (int label = 0; label < 256; ++label) {
    if (!occurs[static_cast<size_t>(label)]) continue;
    cv::compare(from, cv::Scalar(label), mask, cv::CMP_EQ);
    cv::resize(mask, share, cv::Size(size.width, size.height), 0, 0, cv::INTER_LINEAR);
    for (int y = 0; y < size.height; ++y) {
      const uint8_t* shares = share.ptr<uint8_t>(y);
      uint8_t* best = most.data() + static_cast<size_t>(y) * static_cast<size_t>(size.width);
      uint8_t* row = scaled.row(y);
      for (int x = 0; x < size.width; ++x) {
        if (shares[x] <= best[x]) continue;
        best[x] = shares[x];
        row[x] = static_cast<uint8_t>(label);
      }
    }
  }
  return scaled;
}

}  // namespace shadowtutor::eval
