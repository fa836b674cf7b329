// For tests: magnitudes and differences of values, in which a NaN is never overlooked. (std::max
// and comparisons pass over a NaN in silence.)
#ifndef SHADOWTUTOR_NN_TESTING_COMPARISON_H_
#define SHADOWTUTOR_NN_TESTING_COMPARISON_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>

namespace shadowtutor::nn {

/// The largest magnitude; 0 if there are no values, and NaN if one of them is NaN. No value lies
/// within a bound that is a share of NaN.
inline double Largest(std::span<const double> values) {
  double largest = 0;
  for (const double value : values) {
    if (std::isnan(value)) return value;
    largest = std::max(largest, std::abs(value));
  }
  return largest;
}

/// The largest difference between the elements of `values`, which are floats or doubles, and of
/// `expected`. Infinity if a difference is NaN or the sizes differ.
template <typename Values>
double LargestDifference(const Values& values, std::span<const double> expected) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (values.size() != expected.size()) return kInfinity;
  double largest = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    const double difference = std::abs(static_cast<double>(values[i]) - expected[i]);
    if (std::isnan(difference)) return kInfinity;
    largest = std::max(largest, difference);
  }
  return largest;
}

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_TESTING_COMPARISON_H_
