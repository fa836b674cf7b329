#include "link/held_weights.h"

#include <algorithm>
#include <cstddef>

namespace shadowtutor::link {

namespace {

// The stage at which a trained part of `trained` floats begins; nullopt if there is none.
std::optional<nn::Stage> CutOf(const nn::NetworkLayout& layout, size_t trained) {
  for (int stage = 0; stage < nn::kStages; ++stage) {
    const auto cut = static_cast<nn::Stage>(stage);
    if (layout.TrainedSize(cut) == trained) return cut;
  }
  return std::nullopt;
}

}  // namespace

void HeldWeights::Grow(std::span<const float> trained, uint64_t version) {
  if (!base_ || !CutOf(*base_->layout, trained.size())) return;
  trained_.assign(trained.begin(), trained.end());
  version_ = version;
}

std::optional<wire::NamedStudent> HeldWeights::Named() const {
  // A client tells its link at the start what it holds, so `trained_` may be part of `base_`.
  if (!base_ || server_knows_base_ || version_ != 0 ||
      !std::equal(trained_.rbegin(), trained_.rend(), base_->weights.rbegin())) {
    return std::nullopt;
  }
  return wire::NameOfStudent(*base_);
}

std::optional<wire::HeldStudent> HeldWeights::ForHello() const {
  if (!base_) return std::nullopt;
  const nn::NetworkLayout& layout = *base_->layout;
  std::vector<float> weights = base_->weights;
  std::copy(trained_.begin(), trained_.end(),
            weights.end() - static_cast<std::ptrdiff_t>(trained_.size()));

  wire::HeldStudent held;
  held.version = version_;
  for (const ClassInfo& info : base_->classes) held.class_names.push_back(info.name);
  held.parameter_count = layout.size();
  held.cut = nn::kFullDistillation;
  if (server_knows_base_) held.cut = CutOf(layout, trained_.size()).value_or(held.cut);
  const size_t offset = layout.TrainedOffset(held.cut);
  held.frozen_checksum = wire::WeightChecksum(std::span(weights).first(offset));
  held.trained.assign(weights.begin() + static_cast<std::ptrdiff_t>(offset), weights.end());
  held.trained_checksum = wire::WeightChecksum(held.trained);
  return held;
}

}  // namespace shadowtutor::link
