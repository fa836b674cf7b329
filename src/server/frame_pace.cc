#include "server/frame_pace.h"

#include <algorithm>
#include <vector>

namespace shadowtutor::server {

void FramePace::Came(uint64_t frame_index, Clock::time_point now) {
  gap_.reset();
  held_back_ = false;
  if (last_index_ && frame_index > *last_index_) {
    gap_ = frame_index - *last_index_;
    // In floating point, because a client may name any number.
    const auto elapsed = std::chrono::duration<double>(now - last_came_);
    const auto sample = std::chrono::duration<double>(std::clamp<double>(
        elapsed.count() / static_cast<double>(*gap_), std::chrono::duration<double>(kLeast).count(),
        std::chrono::duration<double>(kMost).count()));
    samples_.push_back(std::chrono::round<Clock::duration>(sample));
    if (samples_.size() > kSamples) samples_.pop_front();
    std::vector<Clock::duration> sorted(samples_.begin(), samples_.end());
    std::sort(sorted.begin(), sorted.end());
    frame_time_ = sorted[(sorted.size() - 1) / 4];
    held_back_ = answered_ && now - *answered_ < 3 * frame_time_;
  }
  last_index_ = frame_index;
  last_came_ = now;
  answered_.reset();
}

}  // namespace shadowtutor::server
