// Reads video files through OpenCV's FFmpeg backend.
#include <algorithm>
#include <cmath>
#include <opencv2/videoio.hpp>

#include "video/sources_internal.h"

namespace shadowtutor::video::internal {
namespace {

// A file counts as truncated if it ends before this share of the length in its container, and by
// more than this time. Smaller differences are normal: containers round, and some count frames that
// edit lists leave out.
constexpr double kWholePart = 0.9;
constexpr double kMissingMs = 1000;

class VideoFile final : public Source {
 public:
  explicit VideoFile(const std::filesystem::path& file) : name_(file.string()) {
    std::error_code error;
    if (std::filesystem::file_size(file, error) == 0 && !error) {
      throw Error(ErrorCode::kDataLoss, "the video " + name_ + " is empty");
    }
    try {
      capture_.open(name_, cv::CAP_FFMPEG);
    } catch (const cv::Exception&) {
      capture_.release();
    }
    if (!capture_.isOpened() || !Decode(first_)) {
      throw Error(ErrorCode::kDataLoss,
                  "cannot read " + name_ +
                      " as a video: it is truncated, damaged, not a video at all, or in a format "
                      "that FFmpeg does not know; see what `ffprobe` says of it");
    }
    const double rate = capture_.get(cv::CAP_PROP_FPS);
    frames_per_second_ = std::isfinite(rate) && rate > 0 ? rate : 0;
    const double count = capture_.get(cv::CAP_PROP_FRAME_COUNT);
    frame_count_ =
        std::isfinite(count) && count >= 1 && count < 1e12 ? static_cast<int64_t>(count) : -1;
    size_ = first_.size();
  }

  bool Read(Image& frame) override {
    if (!first_.empty()) {
      frame = std::move(first_);
      first_ = Image();
    } else if (ended_ || !Decode(frame)) {
      CheckWhole();
      return false;
    }
    size_ = frame.size();
    return true;
  }

  FrameSize size() const override { return size_; }
  double frames_per_second() const override { return frames_per_second_; }
  int64_t frame_count() const override { return frame_count_; }
  bool live() const override { return false; }

 private:
  bool Decode(Image& frame) {
    bool read = false;
    try {
      read = capture_.read(decoded_) && !decoded_.empty();
    } catch (const cv::Exception&) {
      read = false;  // the video ends here; CheckWhole throws if much of it is missing
    }
    if (!read) return false;
    CopyFrame(decoded_, name_, frame);
    ++frames_read_;
    // The decoder gives no time for the last frames, so the latest known time is kept.
    last_ms_ = std::max(last_ms_, capture_.get(cv::CAP_PROP_POS_MSEC));
    return true;
  }

  // Throws if the file was truncated. Both the number of frames and the time must be too small,
  // because in some containers one of them is only an estimate.
  void CheckWhole() {
    if (std::exchange(ended_, true) || frame_count_ < 0 || frames_per_second_ <= 0) return;
    const double duration_ms = 1000.0 * static_cast<double>(frame_count_) / frames_per_second_;
    if (static_cast<double>(frames_read_) < kWholePart * static_cast<double>(frame_count_) &&
        last_ms_ < kWholePart * duration_ms && duration_ms - last_ms_ > kMissingMs) {
      throw Error(ErrorCode::kDataLoss,
                  "the video " + name_ + " breaks off after frame " + std::to_string(frames_read_) +
                      " of " + std::to_string(frame_count_) +
                      ": the file is truncated or damaged (the frames before are sound)");
    }
  }

  std::string name_;
  cv::VideoCapture capture_;
  cv::Mat decoded_;
  Image first_;
  FrameSize size_;
  double frames_per_second_ = 0;
  int64_t frame_count_ = -1;
  int64_t frames_read_ = 0;
  double last_ms_ = 0;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<Source> OpenVideoFile(const std::filesystem::path& file) {
  return std::make_unique<VideoFile>(file);
}

}  // namespace shadowtutor::video::internal
