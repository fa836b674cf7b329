#include "distill/averaged_training.h"

#include <algorithm>
#include <cstddef>

namespace shadowtutor::distill {

void MixInto(std::span<float> average, float keep, std::span<const float> weights) {
  // Compilers vectorise the sums and the choice if they are loops of their own.
  constexpr size_t kAtOnce = 256;
  float mixed[kAtOnce];
  for (size_t begin = 0; begin < average.size(); begin += kAtOnce) {
    const size_t count = std::min(kAtOnce, average.size() - begin);
    float* a = average.data() + begin;
    const float* w = weights.data() + begin;
    for (size_t i = 0; i < count; ++i) mixed[i] = keep * a[i] + (1 - keep) * w[i];
    for (size_t i = 0; i < count; ++i) a[i] = w[i] == a[i] ? a[i] : mixed[i];
  }
}

void MixInto(std::span<float> average, float keep, std::span<const float> weights,
             std::span<const uint32_t> indices) {
  for (const uint32_t i : indices) {
    const float mixed = keep * average[i] + (1 - keep) * weights[i];
    average[i] = weights[i] == average[i] ? average[i] : mixed;
  }
}

}  // namespace shadowtutor::distill
