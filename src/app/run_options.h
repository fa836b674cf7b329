// What every run from a source to sinks has, whoever segments its frames.
#ifndef SHADOWTUTOR_APP_RUN_OPTIONS_H_
#define SHADOWTUTOR_APP_RUN_OPTIONS_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "app/reference_score.h"
#include "shadowtutor/types.h"
#include "video/sinks.h"

namespace shadowtutor::app {

/// Where a run stands. Rates are those since the report before.
struct RunProgress {
  uint64_t frame = 0;  // segmented so far
  int64_t total = -1;  // -1: unknown
  double fps = 0;
  int stride = 0;
  double metric = -1;                 // of the last update, -1 before the first
  double kbit_up = 0, kbit_down = 0;  // a second
  bool connected = false;
};

struct RunBasics {
  int64_t max_frames = -1;  // -1: all
  /// Stretches each frame's work to 1/max_fps seconds, as on a slower device; what the run waits
  /// for the server comes on top. 0: as fast as it goes.
  double max_fps = 0;

  /// Makes the sinks once the classes are known. May be empty.
  std::function<std::vector<std::unique_ptr<video::Sink>>(const ClassList& classes, int background)>
      open_sinks;
  /// Keeps predictions for a score afterwards. May be null.
  ReferenceScore* reference = nullptr;
  /// Asked between two frames and while waiting. May be empty.
  std::function<bool()> stop;
  /// Called between two frames, at most every `progress_interval`. May be empty.
  std::function<void(const RunProgress&)> on_progress;
  std::chrono::milliseconds progress_interval{200};
};

}  // namespace shadowtutor::app

#endif  // SHADOWTUTOR_APP_RUN_OPTIONS_H_
