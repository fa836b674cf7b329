// What a server does when it has more to do than it can do in time: it spreads key frames further
// apart, then trains fewer steps on each, and then takes no more sessions. A server that has enough
// time does nothing of it.
//
// It predicts. Each session's demand for key frames follows from its frame rate and from the gaps
// between its key frames, as they would be if nothing held them back; what a key frame costs, from
// the last calls of the teacher and the last trainings. From both follows the load: the share of
// the teacher's and of the trainers' time that is asked for. And from the load how long a key frame
// waits in front of each, on average (half of what Erlang's queue would take, since their times
// vary little; never longer than for one job of each other session).
//
// Terms *fit* when the load is at most `max_load`, and the answers come in time: what a key frame
// takes, and twice the wait, is no more than the stride's least number of frames, for the session
// whose frames come fastest. Where even an answer that nothing hinders takes longer than the
// policy's least stride, it may take twice as long as that.
//
// When the terms in force do not fit any more, the mildest that do come into force at once. Milder
// ones have to fit with a margin for kHold. With fewer than two sessions nobody waits for others,
// and the policy's own terms hold.
//
// A server that has just begun knows no costs. Then it takes a few sessions, and the others once
// the first key frames have told it, so that the clients of a server that has ended do not all stay
// with the one that was started last.
#ifndef SHADOWTUTOR_SERVER_ADMISSION_H_
#define SHADOWTUTOR_SERVER_ADMISSION_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "core/mutex.h"
#include "distill/key_frame_schedule.h"
#include "server/frame_pace.h"

namespace shadowtutor::server {

struct AdmissionOptions {
  /// The load that is aimed at, 0 to 1. 0: every session is taken, on the policy's terms.
  double max_load = 0.9;
  distill::ScheduleOptions schedule = {};  // the policy's
  int teacher_calls = 1;                   // at a time
  int trainers = 1;                        // side by side
};

/// What sessions are asked to put up with.
struct Terms {
  int min_stride = 0;     // frames between key frames, at least; 0: the policy's
  double step_share = 1;  // of the policy's distillation steps for a key frame, but for the first
  bool operator==(const Terms&) const = default;
};

/// Thread safety: all functions may be called from any thread.
class Admission {
 public:
  using Clock = std::chrono::steady_clock;

  /// Key frames are spread to at most so many times the policy's least stride, and training is cut
  /// to this share, before sessions are refused. If those that are open then turn out to need more,
  /// their key frames are spread up to the policy's largest stride.
  static constexpr int kMostStretch = 4;
  static constexpr double kLeastStepShare = 0.5;
  /// So many sessions are taken in any case: a machine that is too slow for them is one on which
  /// somebody tries things out.
  static constexpr size_t kAlwaysTaken = 4;
  /// Where no cost is known: so many sessions for each that trains, and the others
  /// kUnknownRetry later; all of them when kUnknownFor has passed since the first came.
  static constexpr size_t kTakenUnknown = 4;
  static constexpr std::chrono::milliseconds kUnknownRetry{1'000};
  static constexpr std::chrono::seconds kUnknownFor{15};
  /// How long milder terms must have fitted, and with which share of the bounds.
  static constexpr std::chrono::seconds kHold{10};
  static constexpr double kMargin = 0.85;
  /// Bounds of the time after which a session that was refused may try again.
  static constexpr std::chrono::milliseconds kSoonest{3'000}, kLatest{15'000};

  explicit Admission(const AdmissionOptions& options);

  void Opened(uint64_t session, Clock::time_point now) ST_EXCLUDES(mutex_);
  void Ended(uint64_t session) ST_EXCLUDES(mutex_);
  /// The session's key frame has come. `pace` knows of it.
  void Came(uint64_t session, const FramePace& pace) ST_EXCLUDES(mutex_);
  /// Nothing of the session is outstanding any more.
  void Answered(uint64_t session, Clock::time_point now) ST_EXCLUDES(mutex_);
  /// What one call of the teacher took, and training on one key frame with that share of its steps.
  void Labelled(Clock::duration took) ST_EXCLUDES(mutex_);
  void Trained(Clock::duration took, double step_share) ST_EXCLUDES(mutex_);

  /// Decides about the terms. To be called every second at least. Returns whether they changed.
  bool Tick(Clock::time_point now) ST_EXCLUDES(mutex_);
  Terms terms() const ST_EXCLUDES(mutex_);
  /// Whether one more session would be too many: after which time, in whole seconds, it may try
  /// again. `streams`: how many are open, with those that have not said hello yet.
  std::optional<std::chrono::milliseconds> Refuse(Clock::time_point now, size_t streams = 0)
      ST_EXCLUDES(mutex_);

  /// Whether further sessions are refused at the moment: one that ended would not come in again.
  bool refusing() const ST_EXCLUDES(mutex_);

  /// What is to be expected on some terms, for `more` sessions than there are, like them.
  struct Prediction {
    double teacher_load = 0, training_load = 0;
    double answer_s = 0;   // from a key frame to its answer, of most of them
    double allowed_s = 0;  // for that
    bool Fits(double max_load, double margin = 1) const {
      return teacher_load <= margin * max_load && training_load <= margin * max_load &&
             answer_s <= margin * allowed_s;
    }
  };
  Prediction Predict(const Terms& terms, Clock::time_point now, int more = 0) const
      ST_EXCLUDES(mutex_);

 private:
  struct Session {
    double gap = 0;  // frames from one key frame to the next, if nothing holds them back
    Clock::duration frame_time = FramePace::kUsual;
    std::optional<Clock::time_point> silent_since;  // absent while a key frame is outstanding
  };

  // Seconds. What it takes now, and what it takes where nothing else is done.
  struct Cost {
    double now = 0;  // 0: unknown
    double unhindered = 0;
    int samples = 0;
  };

  /// Whether one more stream would be too many for the moment, because no cost is known.
  bool TooManyUnknown(size_t streams, Clock::time_point now) ST_REQUIRES(mutex_);
  /// Whether one more session would be too many.
  bool Full(Clock::time_point now) const ST_REQUIRES(mutex_);
  static void Follow(Cost& cost, Clock::duration took);
  Prediction PredictLocked(const Terms& terms, Clock::time_point now, int more) const
      ST_REQUIRES(mutex_);
  /// The index in ladder_ of the mildest terms that fit; the last one if none do.
  size_t Mildest(Clock::time_point now, double margin) const ST_REQUIRES(mutex_);

  const AdmissionOptions options_;
  const double least_gap_;          // that the policy allows in the long run
  std::vector<Terms> ladder_;       // from the policy's own to the harshest
  size_t last_before_refusal_ = 0;  // an index of it

  mutable Mutex mutex_;
  std::map<uint64_t, Session> sessions_ ST_GUARDED_BY(mutex_);
  std::optional<Clock::time_point> first_asked_ ST_GUARDED_BY(mutex_);  // whether to refuse
  Cost label_ ST_GUARDED_BY(mutex_);                                    // a call of the teacher
  Cost train_ ST_GUARDED_BY(mutex_);        // training on a key frame with all of its steps
  size_t level_ ST_GUARDED_BY(mutex_) = 0;  // of ladder_, in force
  std::optional<Clock::time_point> milder_since_ ST_GUARDED_BY(mutex_);
  bool refusing_ ST_GUARDED_BY(mutex_) = false;
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_ADMISSION_H_
