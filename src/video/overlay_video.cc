#include <algorithm>
#include <cctype>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/videoio.hpp>

#include "core/text.h"
#include "video/quiet_opencv.h"
#include "video/sink_files.h"

namespace shadowtutor::video {
namespace {

constexpr double kDefaultRate = 25;
// MPEG-4 allows at most 65535 ticks a second; higher frame rates than this are of no use on
// screens.
constexpr double kMaxRate = 240;

class OverlayVideoSink final : public Sink {
 public:
  OverlayVideoSink(std::filesystem::path file, FrameSize size, double rate, ClassList classes,
                   int background)
      : file_(std::move(file)),
        size_(size),
        coded_{size.width + size.width % 2, size.height + size.height % 2},
        classes_(std::move(classes)),
        background_(background) {
    QuietOpenCv();
    if (size.width < 1 || size.height < 1 || std::max(size.width, size.height) > kMaxFrameSide) {
      throw Error(ErrorCode::kInvalidArgument,
                  "an overlay video cannot have frames of " + SizeText(size));
    }
    const std::string extension = Extension();
    internal::MakeFolderOf(file_);
    // A name beside the final one, with the same extension, by which FFmpeg chooses the container.
    temporary_ = file_.parent_path() / (file_.stem().string() + ".part" + extension);
    Open(std::isfinite(rate) && rate > 0 ? std::min(rate, kMaxRate) : kDefaultRate);
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
    if (closed_) {
      throw Error(ErrorCode::kFailedPrecondition, file_.string() + " is closed already");
    }
    Image image = Overlay(prediction.frame, *prediction.labels, classes_, background_);
    cv::Mat frame(image.height(), image.width(), CV_8UC3, image.bytes().data());
    try {
      if (image.size() != size_) {
        cv::resize(frame, fitted_, cv::Size(size_.width, size_.height), 0, 0, cv::INTER_AREA);
        frame = fitted_;
      }
      if (coded_ != size_) {
        // 4:2:0 video needs even sides, so the last row or column is repeated.
        cv::copyMakeBorder(frame, padded_, 0, coded_.height - size_.height, 0,
                           coded_.width - size_.width, cv::BORDER_REPLICATE);
        frame = padded_;
      }
      writer_.write(frame);
    } catch (const cv::Exception& error) {
      throw Error(ErrorCode::kUnavailable, "cannot write " + file_.string() + ": " + error.err);
    }
    ++frames_;
  }

  void Close() override {
    if (std::exchange(closed_, true)) return;
    writer_.release();
    std::error_code error;
    if (frames_ == 0) {
      std::filesystem::remove(temporary_, error);
      return;
    }
    // OpenCV's writer does not report a full disk, so the file must be readable as a video before
    // it is renamed.
    bool playable = false;
    try {
      cv::VideoCapture check(temporary_.string(), cv::CAP_FFMPEG);
      playable = check.isOpened() && check.get(cv::CAP_PROP_FRAME_COUNT) >= 1;
    } catch (const cv::Exception&) {
      playable = false;
    }
    if (playable) std::filesystem::rename(temporary_, file_, error);
    if (!playable || error) {
      const std::string reason = error ? error.message() : "is the disk full?";
      std::filesystem::remove(temporary_, error);
      throw Error(ErrorCode::kUnavailable, "cannot complete " + file_.string() + ": " + reason);
    }
  }

 private:
  std::string Extension() const {
    std::string extension = file_.extension().string();
    std::transform(extension.begin(), extension.end(), extension.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    if (extension != ".mp4" && extension != ".mov" && extension != ".mkv") {
      throw Error(ErrorCode::kInvalidArgument,
                  "an overlay video's name must end in .mp4, .mov or .mkv; that of " +
                      file_.string() + " does not");
    }
    return extension;
  }

  // Prefers H.264, which all players and browsers can show. Debian's OpenCV 4.6 writes it through
  // FFmpeg 5.1's libx264 (at constant quality 23). Without libx264 the codec is MPEG-4 part 2,
  // which players can show, but browsers cannot.
  void Open(double rate) {
    const cv::Size size(coded_.width, coded_.height);
    for (const int codec : {cv::VideoWriter::fourcc('a', 'v', 'c', '1'),
                            cv::VideoWriter::fourcc('m', 'p', '4', 'v')}) {
      try {
        if (writer_.open(temporary_.string(), cv::CAP_FFMPEG, codec, rate, size)) return;
      } catch (const cv::Exception&) {
        writer_.release();
      }
    }
    std::error_code error;
    std::filesystem::remove(temporary_, error);
    throw Error(
        ErrorCode::kUnavailable,
        "cannot write the video " + file_.string() +
            ": the folder is not writable, the disk is full, or FFmpeg has neither an H.264 "
            "nor an MPEG-4 encoder for " +
            SizeText(coded_));
  }

  std::filesystem::path file_, temporary_;
  FrameSize size_, coded_;
  ClassList classes_;
  int background_;
  cv::VideoWriter writer_;
  cv::Mat fitted_, padded_;
  uint64_t frames_ = 0;
  bool closed_ = false;
};

}  // namespace

std::unique_ptr<Sink> OverlayVideo(const std::filesystem::path& file, FrameSize size,
                                   double frames_per_second, const ClassList& classes,
                                   int background) {
  return std::make_unique<OverlayVideoSink>(file, size, frames_per_second, classes, background);
}

}  // namespace shadowtutor::video
