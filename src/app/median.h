// The median and the mean of a stream of measurements in bounded memory.
#ifndef SHADOWTUTOR_APP_MEDIAN_H_
#define SHADOWTUTOR_APP_MEDIAN_H_

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

namespace shadowtutor::app {

/// The median of the last kMostSamples values. Thread safety: one thread.
class Median {
 public:
  static constexpr size_t kMostSamples = 1 << 16;

  void Add(double value) {
    if (samples_.size() < kMostSamples) {
      samples_.push_back(value);
    } else {
      samples_[next_] = value;
      next_ = (next_ + 1) % kMostSamples;
    }
  }
  /// If the number of values is even, the upper one of the two in the middle. nullopt without
  /// values.
  std::optional<double> Value() const {
    if (samples_.empty()) return std::nullopt;
    std::vector<double> sorted = samples_;
    const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
    std::nth_element(sorted.begin(), middle, sorted.end());
    return *middle;
  }

 private:
  std::vector<double> samples_;
  size_t next_ = 0;
};

/// The mean of all values. Thread safety: one thread.
class Mean {
 public:
  void Add(double value) {
    sum_ += value;
    ++count_;
  }
  /// nullopt without values.
  std::optional<double> Value() const {
    if (count_ == 0) return std::nullopt;
    return sum_ / static_cast<double>(count_);
  }

 private:
  double sum_ = 0;
  size_t count_ = 0;
};

}  // namespace shadowtutor::app

#endif  // SHADOWTUTOR_APP_MEDIAN_H_
