// The devices of the benchmark `load`: when each sends key frames, and what it counts. They know no
// server and no clock, so that the same ones face a real server and a simulated one.
#ifndef SHADOWTUTOR_BENCH_LOAD_DEVICE_H_
#define SHADOWTUTOR_BENCH_LOAD_DEVICE_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace shadowtutor::bench {

/// What the devices' cameras are like. A lively one sends a key frame as often as the policy lets
/// it in the long run, the others every 32 to 64 frames, each with its own distance.
struct DeviceMix {
  std::vector<double> frames_per_second = {30};  // one after the other
  double lively = 0.25;                          // share of the devices
  int lively_gap = 24;                           // frames from one key frame to the next
  int min_stride = 8;
};

/// What came of the key frames that count.
struct Tally {
  uint64_t sent = 0, answered = 0, late = 0;  // late: after the deadline
  std::vector<double> waits_ms;               // from a key frame's sending to its answer
  std::vector<double> calm_waits_ms;          // of these, those of devices that are not lively
  double before = 0, after = 0;               // sums of the mIoU before and after training
  uint64_t steps = 0;
};

/// A camera that goes on with what it has while it waits (client::Staleness::kGoOn): it sends its
/// next key frame when that is due or, if the answer comes later, at its next frame.
class Device {
 public:
  using Clock = std::chrono::steady_clock;

  Device(const DeviceMix& mix, size_t number);

  /// It gets a session, and will send its first key frame after some frames.
  void Open(Clock::time_point now);
  bool open() const { return open_; }
  /// When it sends its next key frame; nullopt while it waits for an answer.
  std::optional<Clock::time_point> next() const { return next_; }
  /// Sends it. Returns its frame index.
  uint64_t Send(Clock::time_point now);
  /// The answer has come, with the least stride that the server wants. `tally` may be null. It gets
  /// all but what the update says of the training.
  void Answered(Clock::time_point now, int min_stride, Tally* tally);

  bool lively() const { return lively_; }

 private:
  int Gap();

  const int usual_gap_;
  const bool lively_;
  const int min_stride_;
  const std::chrono::duration<double> frame_time_;
  bool open_ = false;
  uint64_t random_;
  Clock::time_point start_{}, sent_{};
  uint64_t index_ = 0;  // of the last key frame
  int gap_ = 0;         // to the next, before the server's wish
  int stride_ = 0;      // what the server wanted last
  std::optional<Clock::time_point> next_;
};

}  // namespace shadowtutor::bench

#endif  // SHADOWTUTOR_BENCH_LOAD_DEVICE_H_
