#include <algorithm>
#include <cctype>
#include <cmath>
#include <memory>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <optional>
#include <utility>

#include "core/output_file.h"
#include "core/text.h"
#include "video/frame_clock.h"
#include "video/sink_files.h"
#include "video/video_writer.h"

namespace shadowtutor::video {
namespace {

constexpr double kDefaultRate = 25;
// Higher frame rates are of no use on screens.
constexpr double kMaxRate = 240;

// FFmpeg's name for the container that the file's name stands for.
std::string ContainerOf(const std::filesystem::path& file) {
  std::string extension = file.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  if (extension == ".mp4") return "mp4";
  if (extension == ".mov") return "mov";
  if (extension == ".mkv") return "matroska";
  throw Error(ErrorCode::kInvalidArgument,
              "an overlay video's name must end in .mp4, .mov or .mkv; that of " + file.string() +
                  " does not");
}

internal::VideoFormat FormatOf(const std::filesystem::path& file, FrameSize size, double rate) {
  if (size.width < 1 || size.height < 1 || std::max(size.width, size.height) > kMaxFrameSide) {
    throw Error(ErrorCode::kInvalidArgument,
                "an overlay video cannot have frames of " + SizeText(size));
  }
  internal::VideoFormat format;
  format.container = ContainerOf(file);
  format.size = {size.width + size.width % 2, size.height + size.height % 2};
  format.frames_per_second =
      std::isfinite(rate) && rate > 0 ? std::clamp(rate, 0.001, kMaxRate) : kDefaultRate;
  return format;
}

class OverlayVideoSink final : public Sink {
 public:
  OverlayVideoSink(std::unique_ptr<PendingFile> file, FrameSize size, double rate,
                   ClassList classes, int background, LogLine log)
      : file_(file->file()),
        size_(size),
        format_(FormatOf(file_, size, rate)),
        classes_(std::move(classes)),
        background_(background),
        log_(std::move(log)),
        pending_(std::move(file)) {
    Try([&] { writer_.emplace(pending_->descriptor(), format_); });
    clock_.emplace(writer_->ticks_per_second(), format_.frames_per_second);
  }

  ~OverlayVideoSink() override {
    try {
      Close();
    } catch (const std::exception&) {
      // Close has removed the incomplete file. A destructor cannot report the error.
    }
  }

  void Write(const Prediction& prediction) override {
    internal::CheckPrediction(prediction);
    if (!pending_) {
      throw Error(ErrorCode::kFailedPrecondition, file_.string() + " is closed already");
    }
    Image image = Overlay(prediction.frame, *prediction.labels, classes_, background_);
    cv::Mat frame(image.height(), image.width(), CV_8UC3, image.bytes().data());
    if (image.size() != size_) frame = Fitted(frame);
    const FrameSize coded = format_.size;
    if (coded != size_) {
      // 4:2:0 video needs even sides, so the last row or column is repeated.
      cv::copyMakeBorder(frame, padded_, 0, coded.height - size_.height, 0,
                         coded.width - size_.width, cv::BORDER_REPLICATE);
      frame = padded_;
    }
    const int64_t tick = clock_->Tick(prediction.time, prediction.index);
    Try([&] {
      writer_->Write({frame.data, frame.cols, frame.rows, static_cast<ptrdiff_t>(frame.step)},
                     tick);
    });
    ++frames_;
  }

  void Close() override {
    if (!pending_) return;
    if (frames_ > 0) {
      Try([&] { writer_->Finish(); });
      writer_.reset();
      pending_->Commit();
    }
    writer_.reset();
    pending_.reset();
  }

 private:
  // Gives errors the file's name. After one the incomplete file is removed.
  template <typename Body>
  void Try(Body&& body) {
    try {
      body();
    } catch (const Error& error) {
      writer_.reset();
      pending_.reset();
      throw Error(error.code(), "cannot write " + file_.string() + ": " + error.what());
    }
  }

  // The frame in the video's size: as large as it fits, in the middle, with black beside it.
  cv::Mat Fitted(const cv::Mat& frame) {
    if (!std::exchange(told_, true) && log_) {
      log_("the frames changed from " + SizeText(size_) + " to " +
           SizeText({frame.cols, frame.rows}) + "; " + file_.string() +
           " keeps its size, so they are scaled into it");
    }
    const double scale = std::min(static_cast<double>(size_.width) / frame.cols,
                                  static_cast<double>(size_.height) / frame.rows);
    const int width = std::clamp(static_cast<int>(std::lround(frame.cols * scale)), 1, size_.width);
    const int height =
        std::clamp(static_cast<int>(std::lround(frame.rows * scale)), 1, size_.height);
    fitted_.create(size_.height, size_.width, CV_8UC3);
    fitted_.setTo(cv::Scalar(0, 0, 0));
    cv::Mat inside =
        fitted_(cv::Rect((size_.width - width) / 2, (size_.height - height) / 2, width, height));
    cv::resize(frame, inside, inside.size(), 0, 0, scale < 1 ? cv::INTER_AREA : cv::INTER_LINEAR);
    return fitted_;
  }

  const std::filesystem::path file_;
  const FrameSize size_;
  const internal::VideoFormat format_;
  const ClassList classes_;
  const int background_;
  const LogLine log_;
  std::unique_ptr<PendingFile> pending_;  // null when closed
  std::optional<internal::VideoWriter> writer_;
  std::optional<internal::FrameClock> clock_;
  cv::Mat fitted_, padded_;
  uint64_t frames_ = 0;
  bool told_ = false;  // that frames are scaled
};

}  // namespace

std::unique_ptr<PendingFile> ClaimOverlayVideo(const std::filesystem::path& file) {
  ContainerOf(file);
  if (!FindTarget(file).regular) {
    throw Error(ErrorCode::kInvalidArgument,
                file.string() + " is a pipe or a device; a video needs a file to write to");
  }
  return std::make_unique<PendingFile>(file);
}

std::unique_ptr<Sink> OverlayVideo(const std::filesystem::path& file, FrameSize size,
                                   double frames_per_second, const ClassList& classes,
                                   int background, const LogLine& log) {
  FormatOf(file, size, frames_per_second);  // before anything is made on the disk
  return OverlayVideo(ClaimOverlayVideo(file), size, frames_per_second, classes, background, log);
}

std::unique_ptr<Sink> OverlayVideo(std::unique_ptr<PendingFile> file, FrameSize size,
                                   double frames_per_second, const ClassList& classes,
                                   int background, const LogLine& log) {
  return std::make_unique<OverlayVideoSink>(std::move(file), size, frames_per_second, classes,
                                            background, log);
}

}  // namespace shadowtutor::video
