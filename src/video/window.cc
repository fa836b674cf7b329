#include <dlfcn.h>

#include <cstdlib>
#include <opencv2/core.hpp>
#include <opencv2/highgui.hpp>
#include <string_view>

#include "video/sink_files.h"

namespace shadowtutor::video {
namespace {

// Debian's OpenCV shows windows through Qt, and Qt ends the whole process when it finds no display.
// So the display is tried first, by the same library that Qt uses; it is loaded by hand because
// nothing but this question needs it.
bool DisplayAnswers() {
  void* library = dlopen("libX11.so.6", RTLD_NOW | RTLD_LOCAL);
  if (!library) return false;
  using OpenDisplay = void* (*)(const char*);
  using CloseDisplay = int (*)(void*);
  const auto open_display = reinterpret_cast<OpenDisplay>(dlsym(library, "XOpenDisplay"));
  const auto close_display = reinterpret_cast<CloseDisplay>(dlsym(library, "XCloseDisplay"));
  if (!open_display || !close_display) return false;
  void* display = open_display(nullptr);
  if (!display) return false;
  close_display(display);
  return true;
}

bool CanShow() {
  // Qt's own stand-in for a display, for machines that test without one.
  const char* platform = std::getenv("QT_QPA_PLATFORM");
  return (platform && std::string_view(platform) == "offscreen") || DisplayAnswers();
}

class WindowSink final : public Sink {
 public:
  WindowSink(std::string title, ClassList classes, int background)
      : title_(std::move(title)), classes_(std::move(classes)), background_(background) {
    if (!CanShow()) {
      throw Error(ErrorCode::kUnavailable,
                  "there is no display to open a window on (DISPLAY is not set, or nothing answers "
                  "there); write the video to a file instead",
                  Setting::kOutput);
    }
    try {
      cv::namedWindow(title_, cv::WINDOW_NORMAL | cv::WINDOW_KEEPRATIO);
    } catch (const cv::Exception& error) {
      throw Error(ErrorCode::kUnavailable, "cannot open a window: " + error.err);
    }
    open_ = true;
  }

  ~WindowSink() override {
    try {
      Close();
    } catch (const std::exception&) {
      // The display has gone, and the window with it.
    }
  }

  void Write(const Prediction& prediction) override {
    internal::CheckPrediction(prediction);
    if (!open_) return;
    Image image = Overlay(prediction.frame, *prediction.labels, classes_, background_);
    const cv::Mat view(image.height(), image.width(), CV_8UC3, image.bytes().data());
    try {
      cv::imshow(title_, view);
      cv::waitKey(1);  // lets the window draw itself
    } catch (const cv::Exception& error) {
      throw Error(ErrorCode::kUnavailable, "the window cannot be drawn: " + error.err);
    }
  }

  void Close() override {
    if (!std::exchange(open_, false)) return;
    try {
      cv::destroyWindow(title_);
    } catch (const cv::Exception&) {
      // The user has closed it already.
    }
  }

 private:
  std::string title_;
  ClassList classes_;
  int background_;
  bool open_ = false;
};

}  // namespace

std::unique_ptr<Sink> Window(const std::string& title, const ClassList& classes, int background) {
  return std::make_unique<WindowSink>(title, classes, background);
}

}  // namespace shadowtutor::video
