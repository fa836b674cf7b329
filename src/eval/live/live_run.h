// One run of a live sweep: what its processes counted, and the bounds that it is held against.
#ifndef SHADOWTUTOR_EVAL_LIVE_LIVE_RUN_H_
#define SHADOWTUTOR_EVAL_LIVE_LIVE_RUN_H_

#include <cstdint>
#include <optional>
#include <string>

#include "eval/live/link_count.h"

namespace shadowtutor::eval::live {

/// One run, as in results.json.
struct LiveRun {
  std::string strategy, label;
  double bandwidth_mbit = 0;
  uint64_t frames = 0, key_frames = 0, distillation_steps = 0;
  double seconds = 0;
  uint64_t bytes_up = 0, bytes_down = 0;  // serialized key frames, updates and labels
  uint64_t bytes_students = 0;            // whole students, which come on top of bytes_down
  /// What crossed the link from before the client connected until after both processes ended;
  /// nullopt over a link that counts nothing.
  std::optional<LinkCount> link;
  std::optional<double> mean_miou, student_ms, step_ms, teacher_ms;
  /// Means: what a frame takes of the device's own time, and of the server's for unpacking and
  /// packing. The median of a frame's way there and back.
  std::optional<double> device_ms, codec_ms, round_trip_ms;
  struct Interval {
    double low = 0, high = 0;
  };
  std::optional<Interval> fps_bounds, mbit_bounds;
  std::optional<bool> within;
  std::string why_not;  // empty: it is within, or nothing is known

  double fps() const { return seconds > 0 ? static_cast<double>(frames) / seconds : 0; }
  double mbit_per_second() const {
    return seconds > 0 ? static_cast<double>(bytes_up + bytes_down) * 8 / 1e6 / seconds : 0;
  }
  /// What gRPC, TLS, TCP, IP and Ethernet add to the messages, as a share of these.
  std::optional<double> added_up() const {
    return link ? Added(link->bytes_up, bytes_up) : std::nullopt;
  }
  std::optional<double> added_down() const {
    return link ? Added(link->bytes_down, bytes_down + bytes_students) : std::nullopt;
  }

 private:
  static std::optional<double> Added(uint64_t link, uint64_t messages) {
    if (messages == 0) return std::nullopt;
    return static_cast<double>(link) / static_cast<double>(messages) - 1;
  }
};

}  // namespace shadowtutor::eval::live

#endif  // SHADOWTUTOR_EVAL_LIVE_LIVE_RUN_H_
