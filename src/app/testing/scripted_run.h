// Sources and sinks that tests of runs script.
#ifndef SHADOWTUTOR_APP_TESTING_SCRIPTED_RUN_H_
#define SHADOWTUTOR_APP_TESTING_SCRIPTED_RUN_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "shadowtutor/types.h"
#include "video/sinks.h"
#include "video/source.h"

namespace shadowtutor::app::testing {

/// Grey frames of 32 x 32 pixels; with `breaks_at`, reading that frame throws Error kDataLoss.
class ScriptedSource : public video::Source {
 public:
  explicit ScriptedSource(int frames, int breaks_at = -1) : frames_(frames), breaks_(breaks_at) {}
  bool Read(Image& frame) override {
    if (read_ == breaks_) throw Error(ErrorCode::kDataLoss, "the frame is broken");
    if (read_ == frames_) return false;
    ++read_;
    frame = Image(32, 32);
    return true;
  }
  FrameSize size() const override { return {32, 32}; }
  double frames_per_second() const override { return 25; }
  int64_t frame_count() const override { return frames_; }
  bool live() const override { return false; }
  int read() const { return read_; }

 private:
  const int frames_, breaks_;
  int read_ = 0;
};

/// What happened to a sink, in order: "0", "1", ... for frames, then "close", "gone".
using SinkLog = std::vector<std::string>;

class LoggingSink : public video::Sink {
 public:
  /// `on_write` (may be empty) sees each frame before the log does, and may throw.
  explicit LoggingSink(SinkLog& log, std::function<void(const video::Prediction&)> on_write = {})
      : log_(log), on_write_(std::move(on_write)) {}
  ~LoggingSink() override { log_.emplace_back("gone"); }
  void Write(const video::Prediction& prediction) override {
    if (on_write_) on_write_(prediction);
    log_.push_back(std::to_string(prediction.index));
  }
  void Close() override { log_.emplace_back("close"); }

 private:
  SinkLog& log_;
  const std::function<void(const video::Prediction&)> on_write_;
};

/// For RunBasics::open_sinks: one LoggingSink.
inline auto OpenLoggingSink(SinkLog& log,
                            std::function<void(const video::Prediction&)> on_write = {}) {
  return [&log, on_write = std::move(on_write)](const ClassList&, int) {
    std::vector<std::unique_ptr<video::Sink>> sinks;
    sinks.push_back(std::make_unique<LoggingSink>(log, on_write));
    return sinks;
  };
}

}  // namespace shadowtutor::app::testing

#endif  // SHADOWTUTOR_APP_TESTING_SCRIPTED_RUN_H_
