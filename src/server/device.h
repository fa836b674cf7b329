// A device that a server knows by its token, and what it may ask for: of all of its sessions
// together. How it is known is a transport's business (rpc/server/device_tokens.h).
#ifndef SHADOWTUTOR_SERVER_DEVICE_H_
#define SHADOWTUTOR_SERVER_DEVICE_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "core/mutex.h"
#include "shadowtutor/types.h"

namespace shadowtutor::server {

/// 0: no limit of the device's own.
struct DeviceLimits {
  int sessions = 0;  // at a time
  /// Frames that the teacher labels, over any 10 s, but one at least.
  double key_frames_per_second = 0;
  /// Of frames up, updates and labels down, over any 10 s. Whole students do not count.
  double bytes_per_second = 0;
};

/// Thread safety: all functions may be called from any thread.
class Device {
 public:
  using Clock = std::chrono::steady_clock;
  /// Limits per second hold over so many seconds.
  static constexpr double kWindowSeconds = 10;

  Device(std::string name, const DeviceLimits& limits);

  const std::string& name() const { return name_; }
  DeviceLimits limits() const ST_EXCLUDES(mutex_);
  /// For what comes from now on.
  void SetLimits(const DeviceLimits& limits) ST_EXCLUDES(mutex_);

  /// Its token is not valid any more: its sessions are to end.
  void Revoke() { revoked_ = true; }
  bool revoked() const { return revoked_; }

  /// A frame of so many bytes has come: nullopt, and it counts, or why it is not worked on. The
  /// bytes count in any case, as they have crossed the network.
  std::optional<Error> TakeFrame(size_t bytes, Clock::time_point now) ST_EXCLUDES(mutex_);
  /// So many bytes go to the device. They always may, and count against its next frames.
  void Sent(size_t bytes) ST_EXCLUDES(mutex_);

 private:
  /// What may be used at once, and grows again by `rate` a second.
  struct Bucket {
    double left = 0;
    void Fill(double rate, double most, double seconds);
  };

  void Fill(Clock::time_point now) ST_REQUIRES(mutex_);

  const std::string name_;
  std::atomic<bool> revoked_ = false;
  mutable Mutex mutex_;
  DeviceLimits limits_ ST_GUARDED_BY(mutex_);
  std::optional<Clock::time_point> filled_ ST_GUARDED_BY(mutex_);  // absent: everything is full
  Bucket frames_ ST_GUARDED_BY(mutex_), bytes_ ST_GUARDED_BY(mutex_);
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_DEVICE_H_
