#include "server/admission.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace shadowtutor::server {
namespace {

// Of the least stride, from one rung of the ladder to the next.
constexpr double kRung = 1.25;
constexpr double kStepShares[] = {0.75, Admission::kLeastStepShare};

// The part of a key frame's training that does not depend on its steps: predictions before and
// after, the update.
constexpr double kFixedShare = 0.25;
double CostOf(double step_share) { return kFixedShare + (1 - kFixedShare) * step_share; }

// How fast a measured time is followed: rather up than down, because it falls with the load, and
// comes back with it.
constexpr double kUp = 0.1, kDown = 0.05;
// How fast the shortest time is forgotten.
constexpr double kForget = 0.01;
// A single one counts for no more than so many times the others.
constexpr double kOutlier = 3;
constexpr int kFirstSamples = 3;  // of which the least counts

double Seconds(Admission::Clock::duration time) {
  return std::chrono::duration<double>(time).count();
}

// How long a job waits in front of `servers` that are busy for the share `load` of the time, when
// jobs come by chance and all take `service` (Sakasegawa's approximation), of at most `sessions`
// that each have one job.
double Wait(double load, int servers, double service, int sessions) {
  const double others = service * std::max(0, sessions - servers) / servers;
  if (load >= 1) return others;
  const double crowd = std::pow(load, std::sqrt(2.0 * (servers + 1)) - 1) / (servers * (1 - load));
  return std::min(others, service * crowd / 2);
}

// A device's own frame rate is at most this. What comes faster is a file, which can wait.
constexpr double kLeastFrameSeconds = 1 / 30.0;

}  // namespace

Admission::Admission(const AdmissionOptions& options)
    : options_(options),
      least_gap_(
          options.schedule.trigger == distill::Trigger::kChange
              ? std::max<double>(options.schedule.stride.min_stride, 1 / options.schedule.rate)
              : options.schedule.stride.min_stride) {
  const int least = options.schedule.stride.min_stride, most = options.schedule.stride.max_stride;
  const int stretched = std::min(kMostStretch * least, most);
  const auto next = [](int stride) {
    return std::max(stride + 1, static_cast<int>(std::ceil(kRung * stride)));
  };
  ladder_.push_back({});
  int stride = least;
  while (stride < stretched) {
    stride = std::min(next(stride), stretched);
    ladder_.push_back({stride, 1});
  }
  for (const double share : kStepShares) {
    ladder_.push_back({stretched > least ? stretched : 0, share});
  }
  last_before_refusal_ = ladder_.size() - 1;
  while (stride < most) {
    stride = std::min(next(stride), most);
    ladder_.push_back({stride, kLeastStepShare});
  }
}

void Admission::Opened(uint64_t session, Clock::time_point now) {
  const MutexLock lock(mutex_);
  sessions_[session] = {.gap = least_gap_, .silent_since = now};
}

void Admission::Ended(uint64_t session) {
  const MutexLock lock(mutex_);
  sessions_.erase(session);
}

void Admission::Came(uint64_t session, const FramePace& pace) {
  const MutexLock lock(mutex_);
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return;
  Session& entry = found->second;
  entry.silent_since.reset();
  entry.frame_time = pace.frame_time();
  if (!pace.gap()) return;
  // Key frames that are further apart than they should ever be tell of a pause.
  const auto gap =
      std::min(static_cast<double>(*pace.gap()), 2.0 * options_.schedule.stride.max_stride);
  const int spread = ladder_[level_].min_stride;
  if (pace.held_back() || (spread > 0 && gap <= spread + 1)) {
    entry.gap = least_gap_;  // it might have come much earlier
  } else {
    entry.gap = std::max(least_gap_, 0.7 * entry.gap + 0.3 * gap);
  }
}

void Admission::Answered(uint64_t session, Clock::time_point now) {
  const MutexLock lock(mutex_);
  const auto found = sessions_.find(session);
  if (found != sessions_.end()) found->second.silent_since = now;
}

void Admission::Follow(Cost& cost, Clock::duration took) {
  const double sample = Seconds(took);
  // A first call may have had much to prepare.
  if (++cost.samples <= kFirstSamples) {
    cost.now = cost.samples == 1 ? sample : std::min(cost.now, sample);
    cost.unhindered = cost.now;
    return;
  }
  const double bounded = std::min(sample, kOutlier * cost.now);
  cost.now += (bounded > cost.now ? kUp : kDown) * (bounded - cost.now);
  cost.unhindered = std::min(sample, cost.unhindered + kForget * (cost.now - cost.unhindered));
}

void Admission::Labelled(Clock::duration took) {
  const MutexLock lock(mutex_);
  Follow(label_, took);
}

void Admission::Trained(Clock::duration took, double step_share) {
  const MutexLock lock(mutex_);
  Follow(train_, std::chrono::duration_cast<Clock::duration>(took / CostOf(step_share)));
}

Admission::Prediction Admission::Predict(const Terms& terms, Clock::time_point now,
                                         int more) const {
  const MutexLock lock(mutex_);
  return PredictLocked(terms, now, more);
}

Admission::Prediction Admission::PredictLocked(const Terms& terms, Clock::time_point now,
                                               int more) const {
  const int least = std::max(terms.min_stride, options_.schedule.stride.min_stride);
  double rate = 0;                             // of key frames
  double frame_s = Seconds(FramePace::kMost);  // of the session with the shortest
  for (const auto& [number, session] : sessions_) {
    const double frame = std::max(Seconds(session.frame_time), kLeastFrameSeconds);
    double every = frame * std::max<double>(session.gap, least);
    if (session.silent_since) every = std::max(every, Seconds(now - *session.silent_since));
    rate += 1 / every;
    frame_s = std::min(frame_s, frame);
  }
  const auto open = static_cast<int>(sessions_.size());
  if (open == 0) return {.allowed_s = std::numeric_limits<double>::infinity()};
  rate *= static_cast<double>(open + more) / open;
  const double share = CostOf(terms.step_share);
  const double label_s = label_.now, train_s = share * train_.now;
  Prediction prediction;
  prediction.teacher_load = rate * label_s / options_.teacher_calls;
  prediction.training_load = rate * train_s / options_.trainers;
  const double wait_s =
      Wait(prediction.teacher_load, options_.teacher_calls, label_s, open + more) +
      Wait(prediction.training_load, options_.trainers, train_s, open + more);
  prediction.answer_s = label_s + train_s + 2 * wait_s;
  const double unhindered = label_.unhindered + train_.unhindered;
  prediction.allowed_s = least * frame_s;
  if (unhindered > options_.schedule.stride.min_stride * frame_s) {
    prediction.allowed_s = std::max(prediction.allowed_s, 2 * unhindered);
  }
  return prediction;
}

size_t Admission::Mildest(Clock::time_point now, double margin) const {
  for (size_t level = 0; level < ladder_.size(); ++level) {
    if (PredictLocked(ladder_[level], now, 0).Fits(options_.max_load, margin)) return level;
  }
  return ladder_.size() - 1;
}

bool Admission::Tick(Clock::time_point now) {
  if (options_.max_load <= 0) return false;
  const MutexLock lock(mutex_);
  refusing_ = refusing_ && Full(now);
  const size_t before = level_;
  if (sessions_.size() < 2) {
    level_ = 0;
  } else if (const size_t needed = Mildest(now, 1); needed > level_) {
    level_ = needed;
  } else if (const size_t milder = Mildest(now, kMargin); milder < level_) {
    if (!milder_since_) milder_since_ = now;
    if (now - *milder_since_ < kHold) return false;
    level_ = milder;
  }
  milder_since_.reset();
  return level_ != before;
}

Terms Admission::terms() const {
  const MutexLock lock(mutex_);
  return ladder_[level_];
}

bool Admission::TooManyUnknown(size_t streams, Clock::time_point now) {
  if (!first_asked_) first_asked_ = now;
  if (sessions_.empty() || (label_.samples > 0 && train_.samples > 0)) return false;
  const size_t most = kTakenUnknown * static_cast<size_t>(options_.trainers);
  return std::max(sessions_.size(), streams) >= most && now - *first_asked_ < kUnknownFor;
}

bool Admission::Full(Clock::time_point now) const {
  return sessions_.size() >= kAlwaysTaken && !PredictLocked(ladder_[last_before_refusal_], now, 1)
                                                  .Fits(options_.max_load, refusing_ ? kMargin : 1);
}

bool Admission::refusing() const {
  const MutexLock lock(mutex_);
  return refusing_;
}

std::optional<std::chrono::milliseconds> Admission::Refuse(Clock::time_point now, size_t streams) {
  if (options_.max_load <= 0) return std::nullopt;
  const MutexLock lock(mutex_);
  refusing_ = Full(now);
  if (!refusing_) {
    return TooManyUnknown(streams, now) ? std::optional(kUnknownRetry) : std::nullopt;
  }
  const Prediction prediction = PredictLocked(ladder_[last_before_refusal_], now, 1);
  // Nobody knows when sessions end. The more there are too many, the longer it will take.
  const double excess =
      std::max(prediction.teacher_load, prediction.training_load) / options_.max_load;
  const auto time = std::chrono::ceil<std::chrono::seconds>(kSoonest * std::min(excess, 100.0));
  return std::clamp<std::chrono::milliseconds>(time, kSoonest, kLatest);
}

}  // namespace shadowtutor::server
