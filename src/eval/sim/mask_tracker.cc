#include "eval/sim/mask_tracker.h"

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/video/tracking.hpp>
#include <utility>

namespace shadowtutor::eval {
namespace {

constexpr int kLongSide = 640;
// DIS matches patches of 8 pixels on a pyramid; smaller frames have nothing to match.
constexpr int kShortSide = 16;

// OpenCV splits the search by its number of threads, and the split shows in the result.
class OneOpenCvThread {
 public:
  OneOpenCvThread() : before_(cv::getNumThreads()) { cv::setNumThreads(1); }
  ~OneOpenCvThread() { cv::setNumThreads(before_); }
  OneOpenCvThread(const OneOpenCvThread&) = delete;
  OneOpenCvThread& operator=(const OneOpenCvThread&) = delete;

 private:
  const int before_;
};

}  // namespace

struct MaskTracker::Impl {
  cv::Ptr<cv::DISOpticalFlow> search =
      cv::DISOpticalFlow::create(cv::DISOpticalFlow::PRESET_MEDIUM);
  FrameSize size;       // of the frames
  cv::Mat before, now;  // grey, reduced
  cv::Mat flow;         // from now back to before, at the frames' size; empty: none yet
};

MaskTracker::MaskTracker() : impl_(std::make_unique<Impl>()) {}
MaskTracker::~MaskTracker() = default;

void MaskTracker::Advance(ImageView frame) {
  Impl& impl = *impl_;
  const OneOpenCvThread one_thread;
  std::swap(impl.before, impl.now);
  if (frame.size() != impl.size) impl.before.release();
  impl.size = frame.size();

  const cv::Mat pixels(frame.height, frame.width, CV_8UC3, const_cast<uint8_t*>(frame.data),
                       static_cast<size_t>(frame.stride));
  cv::Mat grey;
  cv::cvtColor(pixels, grey, cv::COLOR_BGR2GRAY);
  const double scale = std::min(1.0, double{kLongSide} / std::max(frame.width, frame.height));
  const cv::Size reduced(std::max(1, static_cast<int>(std::lround(frame.width * scale))),
                         std::max(1, static_cast<int>(std::lround(frame.height * scale))));
  if (scale < 1) {
    cv::resize(grey, impl.now, reduced, 0, 0, cv::INTER_AREA);
  } else {
    grey.copyTo(impl.now);
  }
  if (impl.before.empty() || std::min(reduced.width, reduced.height) < kShortSide) {
    impl.flow.release();
    return;
  }
  cv::Mat flow;
  impl.search->calc(impl.now, impl.before, flow);
  cv::resize(flow, impl.flow, pixels.size(), 0, 0, cv::INTER_LINEAR);
  cv::multiply(
      impl.flow,
      cv::Scalar(double(frame.width) / reduced.width, double(frame.height) / reduced.height),
      impl.flow);
  cv::patchNaNs(impl.flow);
}

void MaskTracker::Carry(LabelMap& labels) const {
  const Impl& impl = *impl_;
  if (impl.flow.empty() || labels.size() != impl.size) return;
  const LabelMap before = labels;
  const int right = impl.size.width - 1, bottom = impl.size.height - 1;
  for (int y = 0; y <= bottom; ++y) {
    const auto* flow = impl.flow.ptr<cv::Vec2f>(y);
    uint8_t* row = labels.row(y);
    for (int x = 0; x <= right; ++x) {
      const int from_x = static_cast<int>(std::lround(
          std::clamp(static_cast<float>(x) + flow[x][0], 0.0F, static_cast<float>(right))));
      const int from_y = static_cast<int>(std::lround(
          std::clamp(static_cast<float>(y) + flow[x][1], 0.0F, static_cast<float>(bottom))));
      row[x] = before.at(from_x, from_y);
    }
  }
}

}  // namespace shadowtutor::eval
