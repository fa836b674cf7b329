// Counting in bins.
#ifndef SHADOWTUTOR_DISTILL_HISTOGRAM_H_
#define SHADOWTUTOR_DISTILL_HISTOGRAM_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace shadowtutor::distill {

/// How many of the numbers i below `count` have bin(i) = 0, 1, ..., bins - 1.
///
/// Made for labels, where neighbours mostly have the same bin. The counts are spread over several
/// histograms, so that an increment does not have to wait for the previous one to reach memory.
template <typename Bin>
std::vector<uint32_t> Histogram(size_t count, size_t bins, const Bin& bin) {
  constexpr size_t kHistograms = 8;
  std::vector<uint32_t> counts(bins * kHistograms, 0);
  size_t i = 0;
  for (; i + kHistograms <= count; i += kHistograms) {
    for (size_t k = 0; k < kHistograms; ++k) ++counts[k * bins + bin(i + k)];
  }
  for (; i < count; ++i) ++counts[bin(i)];
  for (size_t k = 1; k < kHistograms; ++k) {
    for (size_t b = 0; b < bins; ++b) counts[b] += counts[k * bins + b];
  }
  counts.resize(bins);
  return counts;
}

}  // namespace shadowtutor::distill

#endif  // SHADOWTUTOR_DISTILL_HISTOGRAM_H_
