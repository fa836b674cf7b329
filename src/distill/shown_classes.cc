#include "distill/shown_classes.h"

#include <algorithm>
#include <bitset>
#include <cstddef>
#include <cstdint>

#include "distill/histogram.h"

namespace shadowtutor::distill {

std::vector<uint8_t> ShownClasses::After(const LabelMap& label) {
  if (most_ == 0) return {};
  const std::vector<uint8_t>& labels = label.labels();
  const auto pixels = Histogram(labels.size(), 256, [&](size_t i) { return labels[i]; });
  const double least = std::max(1.0, area_ * static_cast<double>(labels.size()));
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
