#include "nn/kernels/stem_composition.h"

#include <algorithm>
#include <array>

namespace shadowtutor::nn {
namespace {

constexpr int kTaps = 9;           // of each of the two convolutions
constexpr int kFirst = 3 * kTaps;  // weights of an output channel of in_conv1

// Values for each output channel, for every pair of a tap of in_conv2 and a weight of in_conv1.
using ByChannel = std::array<double, kMaxStemChannels>;

// Calls visit(index) for the rows (columns) of the composed kernel to which tap `second` of
// in_conv2 and tap `first` of in_conv1 contribute.
template <typename Visit>
void ForEachTap(int second, int first, const Visit& visit) {
  visit(2 * second + first);
  if (second == 1 && first == 2) visit(kStemEdgeTap);
}

// Calls visit(position) for all weights of the composed kernel, as positions in
// ComposedStem::weights, to which tap `second` of in_conv2 and weight `first` of in_conv1, an index
// into [B, G, R][3][3], contribute.
template <typename Visit>
void ForEachWeight(int second, int first, int channels, const Visit& visit) {
  const int input = first / kTaps, tap = first % kTaps;
  ForEachTap(second / 3, tap / 3, [&](int row) {
    ForEachTap(second % 3, tap % 3, [&](int column) {
      visit(static_cast<size_t>((row * kStemRowWeights + column * 3 + input) * channels));
    });
  });
}

}  // namespace

ComposedStem::ComposedStem(int out)
    : channels(out),
      weights(static_cast<size_t>(kStemTapKinds * kStemRowWeights * out)),
      bias(static_cast<size_t>(kStemEdgeKinds * kStemEdgeKinds * out)) {}

void ComposedStem::Compose(const StemParameters& p) {
  const int c1 = static_cast<int>(p.bias1.size()), c2 = channels;
  std::array<double, static_cast<size_t>(kStemTapKinds * kStemRowWeights * kMaxStemChannels)>
      sums{};
  std::array<ByChannel, kTaps> bias_of_tap{};
  ByChannel column;
  for (int m = 0; m < c1; ++m) {
    for (int second = 0; second < kTaps; ++second) {
      for (int o = 0; o < c2; ++o) {
        column[static_cast<size_t>(o)] =
            static_cast<double>(p.weight2[static_cast<size_t>((o * c1 + m) * kTaps + second)]);
      }
      for (int first = 0; first < kFirst; ++first) {
        const auto w = static_cast<double>(p.weight1[static_cast<size_t>(m * kFirst + first)]);
        ForEachWeight(second, first, c2, [&](size_t position) {
          double* to = sums.data() + position;
          for (int o = 0; o < c2; ++o) to[o] += w * column[static_cast<size_t>(o)];
        });
      }
      const auto b = static_cast<double>(p.bias1[static_cast<size_t>(m)]);
      for (size_t o = 0; o < static_cast<size_t>(c2); ++o) {
        bias_of_tap[static_cast<size_t>(second)][o] += b * column[o];
      }
    }
  }
  for (size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<float>(sums[i]);
  float* to = bias.data();
  for (int row = 0; row < kStemEdgeKinds; ++row) {
    for (int col = 0; col < kStemEdgeKinds; ++col) {
      for (size_t o = 0; o < static_cast<size_t>(c2); ++o) {
        auto sum = static_cast<double>(p.bias2[o]);
        for (int tap = 0; tap < kTaps; ++tap) {
          if (ReadsStemPadding(row, tap / 3) || ReadsStemPadding(col, tap % 3)) continue;
          sum += bias_of_tap[static_cast<size_t>(tap)][o];
        }
        *to++ = static_cast<float>(sum);
      }
    }
  }
}

void StemParameterGradients(const StemParameters& p, std::span<const float> weight_gradient,
                            std::span<const float> bias_gradient, const StemGradients& gradients) {
  const int c1 = static_cast<int>(p.bias1.size()), c2 = static_cast<int>(p.bias2.size());
  const auto channels = static_cast<size_t>(c2);
  const bool first_too = !gradients.weight1.empty();
  // The gradients with respect to the products of a tap of in_conv2 and a weight of in_conv1.
  std::array<std::array<ByChannel, kFirst>, kTaps> products{};
  for (int second = 0; second < kTaps; ++second) {
    for (int first = 0; first < kFirst; ++first) {
      ByChannel& sum = products[static_cast<size_t>(second)][static_cast<size_t>(first)];
      ForEachWeight(second, first, c2, [&](size_t position) {
        for (size_t o = 0; o < channels; ++o) {
          sum[o] += static_cast<double>(weight_gradient[position + o]);
        }
      });
    }
  }
  const auto bias_sums = [&](int second) {
    return bias_gradient.subspan(static_cast<size_t>(second) * channels, channels);
  };
  for (int m = 0; m < c1; ++m) {
    std::array<double, kFirst> weight1{};
    double bias1 = 0;
    const auto b = static_cast<double>(p.bias1[static_cast<size_t>(m)]);
    for (int second = 0; second < kTaps; ++second) {
      const auto at = [&](size_t o) {
        return (o * static_cast<size_t>(c1) + static_cast<size_t>(m)) * kTaps +
               static_cast<size_t>(second);
      };
      const auto sums = bias_sums(second);
      ByChannel weight2{}, column{};
      for (size_t o = 0; o < channels; ++o) {
        column[o] = static_cast<double>(p.weight2[at(o)]);
        weight2[o] = b * static_cast<double>(sums[o]);
        bias1 += column[o] * static_cast<double>(sums[o]);
      }
      for (size_t first = 0; first < kFirst; ++first) {
        const ByChannel& product = products[static_cast<size_t>(second)][first];
        const auto w = static_cast<double>(p.weight1[static_cast<size_t>(m) * kFirst + first]);
        double sum = 0;
        for (size_t o = 0; o < channels; ++o) {
          weight2[o] += w * product[o];
          sum += column[o] * product[o];
        }
        weight1[first] += sum;
      }
      for (size_t o = 0; o < channels; ++o) {
        gradients.weight2[at(o)] = static_cast<float>(weight2[o]);
      }
    }
    if (!first_too) continue;
    for (size_t first = 0; first < kFirst; ++first) {
      gradients.weight1[static_cast<size_t>(m) * kFirst + first] =
          static_cast<float>(weight1[first]);
    }
    gradients.bias1[static_cast<size_t>(m)] = static_cast<float>(bias1);
  }
  const auto all = bias_sums(kTaps / 2);
  std::copy(all.begin(), all.end(), gradients.bias2.begin());
}

}  // namespace shadowtutor::nn
