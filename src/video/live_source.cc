#include "video/live_source.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <exception>
#include <limits>
#include <optional>
#include <random>
#include <system_error>
#include <thread>
#include <utility>

#include "core/mutex.h"
#include "core/text.h"
#include "video/stream_time.h"

namespace shadowtutor::video::internal {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// How often a waiting Read asks whether it shall stop.
constexpr milliseconds kLook{50};

// Between two attempts.
class Backoff {
 public:
  void Reset() { next_ = kFirstPause; }
  // `random`: at least 0, below 1.
  milliseconds Next(double random) {
    const double share = 0.5 + random / 2;
    const auto pause = std::chrono::duration_cast<milliseconds>(next_ * share);
    next_ = std::min(next_ * 2, kLongestPause);
    return pause;
  }

 private:
  milliseconds next_ = kFirstPause;
};

// Decides which lines the user gets about losses and returns, so that a source that comes and goes
// all the time does not fill a log.
class Reporter {
 public:
  Reporter(std::string name, std::function<void(const std::string&)> log)
      : name_(std::move(name)), log_(std::move(log)) {}

  void Lost(const std::string& reason, Clock::time_point now) {
    if (state_ == State::kGone || state_ == State::kUnsteady) return;
    if (state_ == State::kBack) {
      state_ = State::kUnsteady;
      Say(name_ + " is gone again: " + reason +
          "; it comes and goes, and the next line follows when it stays");
      return;
    }
    state_ = State::kGone;
    since_ = now;
    Say(name_ + " is gone: " + reason + "; reconnecting");
  }

  // A frame has come. `stable`: the connection has lasted for kStableAfter.
  void Frame(bool stable, Clock::time_point now) {
    if (state_ == State::kGone) {
      state_ = State::kBack;
      SayBack(now);
    } else if (state_ == State::kUnsteady && stable) {
      SayBack(now);
    }
    if (stable) state_ = State::kSteady;
  }

 private:
  enum class State {
    kSteady,    // as after the first opening
    kGone,      // lost, and the user knows
    kBack,      // there again, and the user knows, but not for long yet
    kUnsteady,  // lost again soon, perhaps more than once
  };

  void Say(const std::string& line) const {
    if (log_) log_(line);
  }
  void SayBack(Clock::time_point now) const {
    const double seconds = std::chrono::duration<double>(now - since_).count();
    Say(name_ + " is back after " + Format("%.1f s", seconds));
  }

  const std::string name_;
  const std::function<void(const std::string&)> log_;
  State state_ = State::kSteady;
  Clock::time_point since_;
};

class Live final : public Source {
 public:
  // `opened` comes from `open`, which was called with `stop`.
  Live(std::string name, std::unique_ptr<Source> opened, OpenLive open,
       std::shared_ptr<std::atomic<bool>> stop, const SourceOptions& options, LiveTiming timing)
      : name_(std::move(name)),
        open_(std::move(open)),
        options_(options),
        timing_(std::move(timing)),
        size_(opened->size()),
        frames_per_second_(opened->frames_per_second()),
        source_(std::move(opened)),
        opened_(timing_.now()),
        reporter_(name_, options.log),
        stop_(std::move(stop)) {
    try {
      thread_ = std::thread([this] { Work(); });
    } catch (const std::system_error& error) {
      throw Error(ErrorCode::kResourceExhausted,
                  "cannot start a thread that reads " + name_ + ": " + error.what());
    }
  }

  ~Live() override {
    {
      const MutexLock lock(mutex_);
      *stop_ = true;
    }
    room_.NotifyAll();
    thread_.join();  // soon: see OpenLive
  }

  bool Read(Image& frame) override {
    for (;;) {
      {
        const MutexLock lock(mutex_);
        if (changed_.WaitFor(mutex_, kLook, [this]() ST_REQUIRES(mutex_) {
              return !waiting_.empty() || failure_;
            })) {
          if (waiting_.empty()) throw Error(*failure_);
          Take(frame);
          break;
        }
      }
      if (options_.stop && options_.stop()) return false;
    }
    room_.NotifyOne();
    return true;
  }

  FrameSize size() const override { return size_; }
  double time() const override { return time_; }
  double frames_per_second() const override { return frames_per_second_; }
  int64_t frame_count() const override { return -1; }
  bool live() const override { return true; }

 private:
  struct Frame {
    Image pixels;
    double time = 0;
    double frames_per_second = 0;
  };

  // The reader's part.
  void Take(Image& frame) ST_REQUIRES(mutex_) {
    Frame& next = waiting_.front();
    waiting_bytes_ -= next.pixels.bytes().size();
    std::swap(frame, next.pixels);
    size_ = frame.size();
    time_ = next.time;
    frames_per_second_ = next.frames_per_second;
    spare_ = std::move(next.pixels);
    waiting_.pop_front();
  }

  // All that follows is done by the thread.

  void Work() {
    for (;;) {
      const std::string reason = ReadConnection();
      source_.reset();  // before it is opened again, because some devices can be open only once
      if (Stopped()) return;
      if (TriesAgain()) reporter_.Lost(reason, timing_.now());
      if (!Reconnect(reason)) return;
    }
  }

  // Reads until the stream ends, fails or shall stop. Returns the reason.
  std::string ReadConnection() {
    try {
      for (;;) {
        Frame frame;
        {
          const MutexLock lock(mutex_);
          std::swap(frame.pixels, spare_);  // for its memory
        }
        if (!source_->Read(frame.pixels)) return "the stream has ended";
        if (*stop_) return "";
        const auto now = timing_.now();
        frame.time = stream_time_.Of(source_->time(), now);
        frame.frames_per_second = source_->frames_per_second();
        const bool stable = now - opened_ >= kStableAfter;
        if (stable) {
          attempts_ = 0;
          backoff_.Reset();
        }
        reporter_.Frame(stable, now);
        if (!Deliver(std::move(frame))) return "";
      }
    } catch (const std::exception& error) {
      return WithoutName(error.what());
    }
  }

  // Returns false when it shall stop.
  bool Deliver(Frame frame) {
    const size_t bytes = frame.pixels.bytes().size();
    {
      const MutexLock lock(mutex_);
      if (options_.every_frame) {
        room_.Wait(mutex_, [&]() ST_REQUIRES(mutex_) {
          return *stop_ || waiting_.empty() || waiting_bytes_ + bytes <= kMaxWaitingBytes;
        });
      } else if (!waiting_.empty()) {
        waiting_bytes_ -= waiting_.front().pixels.bytes().size();
        spare_ = std::move(waiting_.front().pixels);
        waiting_.pop_front();
      }
      if (*stop_) return false;
      waiting_bytes_ += bytes;
      waiting_.push_back(std::move(frame));
    }
    changed_.NotifyOne();
    return true;
  }

  bool Stopped() const { return *stop_ || (options_.stop && options_.stop()); }
  bool TriesAgain() const { return options_.retries < 0 || attempts_ < options_.retries; }

  // Returns false when it shall stop or has given up.
  bool Reconnect(std::string reason) {
    for (;;) {
      if (!TriesAgain()) {
        GiveUp(reason);
        return false;
      }
      Pause(backoff_.Next(timing_.random ? timing_.random() : Random()));
      if (Stopped()) return false;
      ++attempts_;
      try {
        source_ = open_(stop_);
        opened_ = timing_.now();
        stream_time_.Reconnected();
        return true;
      } catch (const std::exception& error) {
        reason = WithoutName(error.what());
      }
      if (Stopped()) return false;
    }
  }

  void GiveUp(const std::string& reason) {
    const std::string attempts =
        options_.retries == 1 ? "1 attempt" : std::to_string(options_.retries) + " attempts";
    const std::string sentence = options_.retries == 0
                                     ? name_ + " is gone: " + reason
                                     : name_ + " is gone and has not come back to stay in " +
                                           attempts + "; the last reason: " + reason;
    {
      const MutexLock lock(mutex_);
      failure_.emplace(ErrorCode::kUnavailable, sentence);
    }
    changed_.NotifyOne();
  }

  void Pause(milliseconds pause) {
    if (timing_.pause) {
      timing_.pause(pause);
      return;
    }
    const MutexLock lock(mutex_);
    room_.WaitFor(mutex_, pause, [this] { return stop_->load(); });
  }

  double Random() { return std::uniform_real_distribution<double>(0, 1)(random_); }

  // Reasons often name the source; after "NAME is gone: " it is called "it".
  std::string WithoutName(std::string reason) const {
    for (size_t at = 0; !name_.empty() && (at = reason.find(name_, at)) != std::string::npos;
         at += 2) {
      reason.replace(at, name_.size(), "it");
    }
    return reason;
  }

  const std::string name_;
  const OpenLive open_;
  const SourceOptions options_;
  const LiveTiming timing_;

  // The reader's.
  FrameSize size_;
  double frames_per_second_ = 0;
  double time_ = std::numeric_limits<double>::quiet_NaN();

  // The thread's, once it runs.
  std::unique_ptr<Source> source_;
  Clock::time_point opened_;
  StreamTime stream_time_;
  Backoff backoff_;
  int attempts_ = 0;  // since a connection was stable
  Reporter reporter_;
  std::minstd_rand random_{static_cast<unsigned>(Clock::now().time_since_epoch().count())};

  // Set with the lock held, so that no wait misses it; read without it by `open_` and its Read.
  const std::shared_ptr<std::atomic<bool>> stop_;
  Mutex mutex_;
  CondVar changed_;  // for the reader: a frame has come, or the thread has given up
  CondVar room_;     // for the thread: there is room for a frame, or it shall stop
  std::deque<Frame> waiting_ ST_GUARDED_BY(mutex_);  // at most one without every_frame
  size_t waiting_bytes_ ST_GUARDED_BY(mutex_) = 0;
  Image spare_ ST_GUARDED_BY(mutex_);  // memory for a frame to come
  std::optional<Error> failure_ ST_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Source> LiveSource(std::string name, OpenLive open, const SourceOptions& options,
                                   LiveTiming timing) {
  auto stop = std::make_shared<std::atomic<bool>>(false);
  std::unique_ptr<Source> first = open(stop);
  if (!first->live()) return first;
  return std::make_unique<Live>(std::move(name), std::move(first), std::move(open), std::move(stop),
                                options, std::move(timing));
}

}  // namespace shadowtutor::video::internal
