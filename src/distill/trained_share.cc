#include "distill/trained_share.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace shadowtutor::distill {
namespace {

// How much larger the gradient of a weight must be that was not trained before. (5 % trained, five
// clips, 5 steps: with 1 instead of 3 an update has 12.6 instead of 11.4 kB, and the mIoU is 0.5
// points lower; with 10 it has 10.6.)
constexpr float kPreference = 10;

void Mark(const nn::ParameterSelection& selection, size_t offset, std::vector<uint8_t>& marks) {
  for (const auto& [begin, count] : selection.ranges()) {
    std::fill_n(marks.begin() + static_cast<std::ptrdiff_t>(begin - offset), count, uint8_t{1});
  }
}

}  // namespace

TrainedShare::TrainedShare(const nn::NetworkLayout& layout, nn::Stage cut,
                           const nn::ParameterSelection& selection, double share)
    : share_(share) {
  if (all()) return;
  const size_t size = layout.TrainedSize(cut), offset = layout.TrainedOffset(cut);
  may_.resize(size);
  always_.resize(size);
  Mark(selection, offset, may_);
  Mark(nn::ParameterSelection(layout, cut, nn::ParameterKinds::kNorms), offset, always_);
  for (size_t i = 0; i < size; ++i) may_[i] = may_[i] && !always_[i];
  const auto choosable = static_cast<size_t>(std::count(may_.begin(), may_.end(), 1));
  choices_ = std::min(choosable, static_cast<size_t>(share * static_cast<double>(choosable)));
  trained_ = always_;
}

std::span<const uint8_t> TrainedShare::Choose(std::span<const float> gradient) {
  if (chosen_) return trained_;
  chosen_ = true;
  std::vector<float> worth;
  for (size_t i = 0; i < may_.size(); ++i) {
    if (may_[i]) worth.push_back(std::fabs(gradient[i]) * (trained_[i] ? kPreference : 1.0f));
  }
  trained_ = always_;
  if (choices_ == 0) return trained_;
  std::vector<float> sorted = worth;
  const auto last = sorted.begin() + static_cast<std::ptrdiff_t>(choices_ - 1);
  std::nth_element(sorted.begin(), last, sorted.end(), std::greater<>());
  size_t left = choices_, k = 0;
  for (size_t i = 0; i < may_.size(); ++i) {
    if (!may_[i]) continue;
    // A weight without a gradient is not trained anyway.
    if (worth[k] >= *last && worth[k] > 0 && left > 0) {
      trained_[i] = 1;
      --left;
    }
    ++k;
  }
  return trained_;
}

}  // namespace shadowtutor::distill
