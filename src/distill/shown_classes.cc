#include "distill/shown_classes.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace shadowtutor::distill {

std::vector<uint8_t> ShownClasses::After(const LabelMap& label) {
  if (most_ == 0) return {};
  // Neighbouring pixels mostly increment the same number. Spread over several, an increment does
  // not have to wait for the previous one to reach memory.
  constexpr size_t kCounters = 8;
  std::array<std::array<uint32_t, 256>, kCounters> counters{};
  const std::vector<uint8_t>& labels = label.labels();
  size_t i = 0;
  for (; i + kCounters <= labels.size(); i += kCounters) {
    for (size_t k = 0; k < kCounters; ++k) ++counters[k][labels[i + k]];
  }
  for (; i < labels.size(); ++i) ++counters[0][labels[i]];
  std::array<size_t, 256> pixels{};
  for (const auto& counts : counters) {
    for (size_t c = 0; c < pixels.size(); ++c) pixels[c] += counts[c];
  }
  const double least = std::max(1.0, area_ * static_cast<double>(label.labels().size()));
  std::bitset<256> classes;
  for (size_t c = 0; c < classes.size(); ++c) classes[c] = static_cast<double>(pixels[c]) >= least;
  // No class at all would mean that all are shown.
  classes.set(static_cast<size_t>(std::max_element(pixels.begin(), pixels.end()) - pixels.begin()));
  labels_.push_back(classes);
  if (labels_.size() > static_cast<size_t>(most_)) labels_.pop_front();
  std::bitset<256> any;
  for (const auto& one : labels_) any |= one;
  std::vector<uint8_t> shown;
  for (size_t c = 0; c < any.size(); ++c) {
    if (any[c]) shown.push_back(static_cast<uint8_t>(c));
  }
  return shown;
}

}  // namespace shadowtutor::distill
