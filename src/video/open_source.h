// Opens a source of frames by the name that a user gives.
#ifndef SHADOWTUTOR_VIDEO_OPEN_SOURCE_H_
#define SHADOWTUTOR_VIDEO_OPEN_SOURCE_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "video/source.h"

namespace shadowtutor::video {

struct SourceOptions {
  /// Longest time that opening, or reading a frame, may take.
  std::chrono::milliseconds timeout{10'000};
  /// For live sources: attempts in a row to get back what was lost; -1: for ever.
  int retries = -1;
  /// For live sources: every frame instead of the newest one.
  bool every_frame = false;
  /// Asked while waiting; true ends the reading. May be empty.
  std::function<bool()> stop;
  /// Lines for the user: a source is gone, is back, is damaged. May be empty. Called from any
  /// thread.
  std::function<void(const std::string&)> log;
};

/// `source` is a video or image file, a folder of images (in natural order of their names:
/// frame_2.png before frame_10.png), a camera index ("0") or device ("/dev/video0"), or an RTSP or
/// HTTP address. A file or folder of that name comes first. Throws Error, whose sentence says what
/// was tried and what to do.
std::unique_ptr<Source> OpenSource(const std::string& source, const SourceOptions& options = {});

}  // namespace shadowtutor::video

#endif  // SHADOWTUTOR_VIDEO_OPEN_SOURCE_H_
