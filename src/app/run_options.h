// The options of every run from a source to sinks, whether client or server segments the frames.
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

/// How far a run is. Rates are averages since the previous report.
struct RunProgress {
  uint64_t frame = 0;  // number of frames segmented so far
  int64_t total = -1;  // -1: unknown
  double fps = 0;
  int stride = 0;
  double metric = -1;                 // of the last update, -1 before the first
  double kbit_up = 0, kbit_down = 0;  // per second
  bool connected = false;
};

struct RunBasics {
  int64_t max_frames = -1;  // -1: all
  /// Stretches the work on each frame to 1/max_fps seconds, as on a slower device; waiting for the
  /// server is not part of that time. 0: as fast as possible.
  double max_fps = 0;

  /// Makes the sinks once the classes are known. May be empty.
  std::function<std::vector<std::unique_ptr<video::Sink>>(const ClassList& classes, int background)>
      open_sinks;
  /// Keeps predictions, to be scored after the run. May be null.
  ReferenceScore* reference = nullptr;
  /// Asked between two frames and while waiting; true stops the run. May be empty.
  std::function<bool()> stop;
  /// Called between two frames, at most every `progress_interval`. May be empty.
  std::function<void(const RunProgress&)> on_progress;
  std::chrono::milliseconds progress_interval{200};
};

}  // namespace shadowtutor::app

#endif  // SHADOWTUTOR_APP_RUN_OPTIONS_H_
