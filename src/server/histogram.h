// How often a figure lay between which bounds, as Prometheus counts it.
#ifndef SHADOWTUTOR_SERVER_HISTOGRAM_H_
#define SHADOWTUTOR_SERVER_HISTOGRAM_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace shadowtutor::server {

/// A fixed number of counters: what is observed takes no memory. Thread safety: that of a plain
/// value.
class Histogram {
 public:
  static constexpr size_t kMostBounds = 16;

  /// `bounds` are ascending, at most kMostBounds, and must outlive the histogram.
  explicit Histogram(std::span<const double> bounds) : bounds_(bounds) {}

  /// Counts `value` at the first bound that is not below it. What is no number is left out.
  void Observe(double value) {
    if (!(value == value)) return;
    size_t at = 0;
    while (at < bounds_.size() && value > bounds_[at]) ++at;
    ++counts_[at];
    ++count_;
    sum_ += value;
  }

  std::span<const double> bounds() const { return bounds_; }
  /// Of each bound the values up to it and above the one before; the last one has those above all.
  std::span<const uint64_t> counts() const {
    return std::span<const uint64_t>(counts_).first(bounds_.size() + 1);
  }
  uint64_t count() const { return count_; }
  double sum() const { return sum_; }

 private:
  std::span<const double> bounds_;
  std::array<uint64_t, kMostBounds + 1> counts_{};
  uint64_t count_ = 0;
  double sum_ = 0;
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_HISTOGRAM_H_
