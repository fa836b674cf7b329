#include "eval/sim/measures.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace shadowtutor::eval {
namespace {

constexpr size_t kLeastWindow = 8;  // frames

}  // namespace

std::optional<double> SecondsTo(double level, const std::vector<double>& miou,
                                double frames_per_second) {
  if (!(frames_per_second > 0)) return std::nullopt;
  const size_t window = std::max(kLeastWindow, static_cast<size_t>(std::lround(frames_per_second)));
  for (size_t end = window; end <= miou.size(); ++end) {
    // Summed anew for each frame: a running sum would carry its rounding errors on.
    const auto last = miou.begin() + static_cast<ptrdiff_t>(end);
    const double sum = std::accumulate(last - static_cast<ptrdiff_t>(window), last, 0.0);
    if (sum >= level * static_cast<double>(window)) {
      return static_cast<double>(end) / frames_per_second;
    }
  }
  return std::nullopt;
}

Measuring::Measuring(int background, double frames_per_second)
    : frames_per_second_(frames_per_second), new_classes_(background, frames_per_second) {}

void Measuring::Add(const LabelMap& label, const LabelMap& prediction, double miou) {
  new_classes_.Add(label, prediction);
  predictions_.Add(prediction);
  labels_.Add(label);
  miou_.push_back(miou);
}

Measures Measuring::measures() const {
  Measures measures;
  const size_t first = std::min<size_t>(kFirstFrames, miou_.size());
  if (first > 0) {
    const auto end = miou_.begin() + static_cast<ptrdiff_t>(first);
    measures.first_miou = std::accumulate(miou_.begin(), end, 0.0) / static_cast<double>(first);
  }
  measures.seconds_to_80 = SecondsTo(0.80, miou_, frames_per_second_);
  measures.seconds_to_85 = SecondsTo(0.85, miou_, frames_per_second_);
  measures.flicker = predictions_.flicker();
  measures.teacher_flicker = labels_.flicker();
  measures.new_classes = new_classes_.figures();
  return measures;
}

}  // namespace shadowtutor::eval
