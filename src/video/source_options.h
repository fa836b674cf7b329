// How sources are opened and read.
#ifndef SHADOWTUTOR_VIDEO_SOURCE_OPTIONS_H_
#define SHADOWTUTOR_VIDEO_SOURCE_OPTIONS_H_

#include <chrono>
#include <functional>
#include <string>

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

}  // namespace shadowtutor::video

#endif  // SHADOWTUTOR_VIDEO_SOURCE_OPTIONS_H_
