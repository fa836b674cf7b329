// Reads cameras and network streams. A thread reads every frame from the device, and Read returns
// the newest one, so that a slow reader gets current frames and no backlog.
#include <chrono>
#include <cmath>
#include <opencv2/videoio.hpp>
#include <thread>

#include "core/address_text.h"
#include "core/mutex.h"
#include "video/sources_internal.h"

namespace shadowtutor::video::internal {
namespace {

constexpr int kOpenTimeoutMs = 10'000;
constexpr int kReadTimeoutMs = 10'000;
// Longer than the driver's own time limit, so that the driver reports its failure first.
constexpr std::chrono::milliseconds kFrameDeadline{15'000};

class LiveCapture final : public Source {
 public:
  // `capture` is open, and `first` is the first frame read from it. Copies of a VideoCapture share
  // the device.
  LiveCapture(const cv::VideoCapture& capture, std::string name, cv::Mat first)
      : name_(std::move(name)), capture_(capture), size_{first.cols, first.rows} {
    const double rate = capture_.get(cv::CAP_PROP_FPS);
    // Streams of unknown frame rate report the rate of their clock instead, for example 90 kHz.
    frames_per_second_ = std::isfinite(rate) && rate > 0 && rate <= 1000 ? rate : 0;
    newest_ = std::move(first);
    reader_ = std::thread([this] { Grab(); });
  }

  ~LiveCapture() override {
    {
      const MutexLock lock(mutex_);
      stop_ = true;
    }
    reader_.join();  // waits for at most one read, which has a deadline
  }

  bool Read(Image& frame) override {
    cv::Mat taken;
    {
      const MutexLock lock(mutex_);
      if (!changed_.WaitFor(mutex_, kFrameDeadline,
                            [this]() ST_REQUIRES(mutex_) { return !newest_.empty() || ended_; })) {
        throw Error(ErrorCode::kDeadlineExceeded,
                    name_ + " has given no frame for " +
                        std::to_string(kFrameDeadline.count() / 1000) +
                        " seconds; check its cable or network");
      }
      if (newest_.empty()) return false;
      std::swap(taken, newest_);
    }
    CopyFrame(taken, name_, frame);
    size_ = frame.size();
    return true;
  }

  FrameSize size() const override { return size_; }
  double frames_per_second() const override { return frames_per_second_; }
  int64_t frame_count() const override { return -1; }
  bool live() const override { return true; }

 private:
  void Grab() {
    for (;;) {
      cv::Mat frame;  // a new buffer each time, because the reader keeps the last one
      bool read = false;
      try {
        read = capture_.read(frame) && !frame.empty();
      } catch (const std::exception&) {
        read = false;
      }
      const MutexLock lock(mutex_);
      if (read) newest_ = std::move(frame);
      ended_ = !read;
      changed_.NotifyOne();
      if (stop_ || ended_) return;
    }
  }

  std::string name_;
  cv::VideoCapture capture_;  // used only by the reader thread once it runs
  FrameSize size_;
  double frames_per_second_ = 0;

  Mutex mutex_;
  CondVar changed_;
  cv::Mat newest_ ST_GUARDED_BY(mutex_);
  bool ended_ ST_GUARDED_BY(mutex_) = false;
  bool stop_ ST_GUARDED_BY(mutex_) = false;
  std::thread reader_;
};

// A recording behind HTTP. It is read at the reader's pace, without losing frames.
class Recording final : public Source {
 public:
  Recording(const cv::VideoCapture& capture, std::string name, cv::Mat first)
      : name_(std::move(name)), capture_(capture), decoded_(std::move(first)) {
    size_ = {decoded_.cols, decoded_.rows};
    frames_per_second_ = std::max(0.0, capture_.get(cv::CAP_PROP_FPS));
    frame_count_ = static_cast<int64_t>(capture_.get(cv::CAP_PROP_FRAME_COUNT));
  }

  bool Read(Image& frame) override {
    if (!std::exchange(have_first_, false)) {
      try {
        if (!capture_.read(decoded_)) return false;
      } catch (const cv::Exception&) {
        return false;
      }
    }
    CopyFrame(decoded_, name_, frame);
    size_ = frame.size();
    return true;
  }

  FrameSize size() const override { return size_; }
  double frames_per_second() const override { return frames_per_second_; }
  int64_t frame_count() const override { return frame_count_; }
  bool live() const override { return false; }

 private:
  std::string name_;
  cv::VideoCapture capture_;
  cv::Mat decoded_;
  bool have_first_ = true;
  FrameSize size_;
  double frames_per_second_ = 0;
  int64_t frame_count_ = 0;
};

std::string CamerasThatAreThere() {
  std::string list;
  for (int i = 0; i < 64; ++i) {
    if (std::filesystem::exists("/dev/video" + std::to_string(i))) {
      list += (list.empty() ? "" : ", ") + std::to_string(i);
    }
  }
  return list.empty() ? "no camera is connected" : "there are: " + list;
}

}  // namespace

std::unique_ptr<Source> OpenCamera(int index) {
  const std::string device = "/dev/video" + std::to_string(index);
  const std::string name = "camera " + std::to_string(index);
  if (!std::filesystem::exists(device)) {
    throw Error(ErrorCode::kNotFound,
                "there is no " + name + " (" + device + "); " + CamerasThatAreThere());
  }
  cv::VideoCapture capture;
  cv::Mat first;
  try {
    if (!capture.open(index, cv::CAP_V4L2) || !capture.read(first)) first.release();
  } catch (const cv::Exception&) {
    first.release();
  }
  if (first.empty()) {
    throw Error(ErrorCode::kUnavailable,
                name + " (" + device +
                    ") gives no picture: another program may be using it, this user may not be in "
                    "the group `video`, or it is not the camera's picture device (try the next "
                    "index)");
  }
  return std::make_unique<LiveCapture>(capture, name, std::move(first));
}

std::unique_ptr<Source> OpenAddress(const std::string& address) {
  const std::string name = WithoutCredentials(address);
  cv::VideoCapture capture;
  cv::Mat first;
  try {
    if (!capture.open(address, cv::CAP_FFMPEG,
                      {cv::CAP_PROP_OPEN_TIMEOUT_MSEC, kOpenTimeoutMs,
                       cv::CAP_PROP_READ_TIMEOUT_MSEC, kReadTimeoutMs}) ||
        !capture.read(first)) {
      first.release();
    }
  } catch (const cv::Exception&) {
    first.release();
  }
  if (first.empty()) {
    throw Error(ErrorCode::kUnavailable,
                "cannot read a video from " + name + " within " +
                    std::to_string(kOpenTimeoutMs / 1000) +
                    " seconds: check the address, the network, the user name and the password");
  }
  const double count = capture.get(cv::CAP_PROP_FRAME_COUNT);
  if (std::isfinite(count) && count >= 1 && count < 1e12) {
    return std::make_unique<Recording>(capture, name, std::move(first));
  }
  return std::make_unique<LiveCapture>(capture, name, std::move(first));
}

}  // namespace shadowtutor::video::internal
