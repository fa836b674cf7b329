#include "nn/kernels/tail_weights.h"

#include <algorithm>
#include <cstring>

#include "core/parallel.h"
#include "shadowtutor/types.h"

namespace shadowtutor::nn {
namespace {

size_t Size(int a, int b, int c = 1) {
  return static_cast<size_t>(a) * static_cast<size_t>(b) * static_cast<size_t>(c);
}

void Clear(const Buffer& buffer) { std::memset(buffer.data(), 0, buffer.size() * sizeof(float)); }

void Add(const float* from, float sign, size_t count, float* to) {
  for (size_t i = 0; i < count; ++i) to[i] += sign * from[i];
}

// Calls visit(map, index of the tap in that map, sign) for every map to which the pair of taps
// (y2, x2) of out_conv2 and (y1, x1) of out_conv1 contributes.
template <typename Maps, typename Visit>
void ForEachMap(Maps& maps, int y2, int x2, int y1, int x1, const Visit& visit) {
  const int ty = y2 + y1, tx = x2 + x1;
  visit(maps.main, ty * kTailTaps + tx, 1.0f);
  const bool top = y2 == 0 && y1 == 2, bottom = y2 == 2 && y1 == 0;
  const bool left = x2 == 0 && x1 == 2, right = x2 == 2 && x1 == 0;
  if (top) visit(maps.top, tx, -1.0f);
  if (bottom) visit(maps.bottom, tx, -1.0f);
  if (left) visit(maps.left, ty, -1.0f);
  if (right) visit(maps.right, ty, -1.0f);
  // At a corner, the corrections of the row's and the column's edge both subtract this pair, so it
  // is added once.
  if ((top || bottom) && (left || right)) visit(maps.corner[2 * bottom + right], 0, 1.0f);
}

}  // namespace

TailMaps::TailMaps(int classes, int channels)
    : main(Size(kMainTaps, classes, channels)),
      top(Size(kTailTaps, classes, channels)),
      bottom(Size(kTailTaps, classes, channels)),
      left(Size(kTailTaps, classes, channels)),
      right(Size(kTailTaps, classes, channels)) {
  for (auto& map : corner) map = Buffer(Size(classes, channels));
}

TailWeights::TailWeights(int classes_, int channels_, int middle_)
    : classes(classes_),
      channels(channels_),
      middle(middle_),
      maps(classes, channels),
      transposed(Size(kMainTaps, classes, channels)),
      bias(Size(kEdgeKinds * kEdgeKinds, classes)),
      head_(Size(9, classes, middle)),
      first_(Size(9, middle, channels)),
      products_(Size(81, classes, channels)) {}

void TailWeights::Compose(const TailParameters& p) {
  const size_t map = Size(classes, channels);
  // head_[t2] = W3 W2[t2]
  Clear(head_);
  for (int c = 0; c < classes; ++c) {
    for (int o = 0; o < middle; ++o) {
      const float factor = p.weight3[Size(c, middle) + static_cast<size_t>(o)];
      for (int m = 0; m < middle; ++m) {
        const float* w = p.weight2.data() + (Size(o, middle) + static_cast<size_t>(m)) * 9;
        for (int t = 0; t < 9; ++t) {
          head_[(Size(t, classes) + static_cast<size_t>(c)) * static_cast<size_t>(middle) +
                static_cast<size_t>(m)] += factor * w[t];
        }
      }
    }
  }
  for (int m = 0; m < middle; ++m) {
    for (int k = 0; k < channels; ++k) {
      const float* w = p.weight1.data() + (Size(m, channels) + static_cast<size_t>(k)) * 9;
      for (int t = 0; t < 9; ++t) {
        first_[(Size(t, middle) + static_cast<size_t>(m)) * static_cast<size_t>(channels) +
               static_cast<size_t>(k)] = w[t];
      }
    }
  }
  // products_[t2][t1] = head_[t2] first_[t1]
  ParallelFor(9, [&](int t2) {
    for (int t1 = 0; t1 < 9; ++t1) {
      float* product = products_.data() + static_cast<size_t>(t2 * 9 + t1) * map;
      std::fill_n(product, map, 0.0f);
      for (int c = 0; c < classes; ++c) {
        float* to = product + Size(c, channels);
        for (int m = 0; m < middle; ++m) {
          const float factor = head_[Size(t2 * classes + c, middle) + static_cast<size_t>(m)];
          const float* from = first_.data() + Size(t1 * middle + m, channels);
          for (int k = 0; k < channels; ++k) to[k] += factor * from[k];
        }
      }
    }
  });
  Clear(maps.main);
  for (const Buffer* edge : {&maps.top, &maps.bottom, &maps.left, &maps.right}) Clear(*edge);
  for (const Buffer& corner : maps.corner) Clear(corner);
  for (int t2 = 0; t2 < 9; ++t2) {
    for (int t1 = 0; t1 < 9; ++t1) {
      const float* product = products_.data() + static_cast<size_t>(t2 * 9 + t1) * map;
      ForEachMap(maps, t2 / 3, t2 % 3, t1 / 3, t1 % 3, [&](Buffer& to, int tap, float sign) {
        Add(product, sign, map, to.data() + static_cast<size_t>(tap) * map);
      });
    }
  }
  const size_t rows = Size(kMainTaps, classes);
  for (size_t row = 0; row < rows; ++row) {
    for (size_t k = 0; k < static_cast<size_t>(channels); ++k) {
      transposed[k * rows + row] = maps.main[row * static_cast<size_t>(channels) + k];
    }
  }
  // bias = W3 b2 + b3 + the sum of head_[t2] b1 over the taps t2 of out_conv2 inside the frame
  float constant[kMaxClasses], by_tap[9 * kMaxClasses];
  std::copy(p.bias3.begin(), p.bias3.end(), constant);
  for (int c = 0; c < classes; ++c) {
    for (int o = 0; o < middle; ++o) {
      constant[c] +=
          p.weight3[Size(c, middle) + static_cast<size_t>(o)] * p.bias2[static_cast<size_t>(o)];
    }
    for (int t = 0; t < 9; ++t) {
      float sum = 0;
      for (int m = 0; m < middle; ++m) {
        sum += head_[Size(t * classes + c, middle) + static_cast<size_t>(m)] *
               p.bias1[static_cast<size_t>(m)];
      }
      by_tap[static_cast<size_t>(t * classes + c)] = sum;
    }
  }
  for (int row = 0; row < kEdgeKinds; ++row) {
    for (int column = 0; column < kEdgeKinds; ++column) {
      float* to = bias.data() + Size(row * kEdgeKinds + column, classes);
      std::copy_n(constant, classes, to);
      for (int t = 0; t < 9; ++t) {
        const bool outside = (t / 3 == 0 && (row & 1)) || (t / 3 == 2 && (row & 2)) ||
                             (t % 3 == 0 && (column & 1)) || (t % 3 == 2 && (column & 2));
        if (!outside) Add(by_tap + t * classes, 1.0f, static_cast<size_t>(classes), to);
      }
    }
  }
}

void TailWeights::Backward(const TailParameters& p, const TailMaps& gradient,
                           std::span<const float> bias_gradient, const TailGradients& out,
                           Scratch& scratch) const {
  const size_t map = Size(classes, channels);
  const size_t head_floats = Size(9, classes, middle), first_floats = Size(9, middle, channels);
  float* head_gradient = scratch.Floats(head_floats + first_floats + 81 * map);
  // out_conv1's gradient as [9][middle][channel], so that each task writes to another tap.
  float* first_gradient = head_gradient + head_floats;
  float* product_gradient = first_gradient + first_floats;
  std::fill_n(head_gradient, head_floats + first_floats, 0.0f);
  ParallelFor(9, [&](int t2) {
    for (int t1 = 0; t1 < 9; ++t1) {
      float* product = product_gradient + static_cast<size_t>(t2 * 9 + t1) * map;
      std::fill_n(product, map, 0.0f);
      ForEachMap(gradient, t2 / 3, t2 % 3, t1 / 3, t1 % 3,
                 [&](const Buffer& from, int tap, float sign) {
                   Add(from.data() + static_cast<size_t>(tap) * map, sign, map, product);
                 });
      for (int c = 0; c < classes; ++c) {
        const float* g = product + Size(c, channels);
        for (int m = 0; m < middle; ++m) {
          const float* w = first_.data() + Size(t1 * middle + m, channels);
          float sum = 0;
          for (int k = 0; k < channels; ++k) sum += g[k] * w[k];
          head_gradient[Size(t2 * classes + c, middle) + static_cast<size_t>(m)] += sum;
        }
      }
    }
  });
  ParallelFor(9, [&](int t1) {
    for (int t2 = 0; t2 < 9; ++t2) {
      const float* product = product_gradient + static_cast<size_t>(t2 * 9 + t1) * map;
      for (int c = 0; c < classes; ++c) {
        const float* g = product + Size(c, channels);
        for (int m = 0; m < middle; ++m) {
          Add(g, head_[Size(t2 * classes + c, middle) + static_cast<size_t>(m)],
              static_cast<size_t>(channels), first_gradient + Size(t1 * middle + m, channels));
        }
      }
    }
  });
  const float* all_pixels = bias_gradient.data() + Size(4, classes);
  std::fill(out.bias1.begin(), out.bias1.end(), 0.0f);
  for (int t = 0; t < 9; ++t) {
    for (int c = 0; c < classes; ++c) {
      const float g = bias_gradient[Size(t, classes) + static_cast<size_t>(c)];
      float* head = head_gradient + Size(t * classes + c, middle);
      const float* weight = head_.data() + Size(t * classes + c, middle);
      for (int m = 0; m < middle; ++m) {
        head[m] += g * p.bias1[static_cast<size_t>(m)];
        out.bias1[static_cast<size_t>(m)] += g * weight[m];
      }
    }
  }
  for (int m = 0; m < middle; ++m) {
    for (int k = 0; k < channels; ++k) {
      for (int t = 0; t < 9; ++t) {
        out.weight1[(Size(m, channels) + static_cast<size_t>(k)) * 9 + static_cast<size_t>(t)] =
            first_gradient[Size(t * middle + m, channels) + static_cast<size_t>(k)];
      }
    }
  }
  std::fill(out.weight2.begin(), out.weight2.end(), 0.0f);
  std::fill(out.bias2.begin(), out.bias2.end(), 0.0f);
  for (int c = 0; c < classes; ++c) {
    out.bias3[static_cast<size_t>(c)] = all_pixels[c];
    for (int o = 0; o < middle; ++o) {
      const auto uo = static_cast<size_t>(o);
      const float w3 = p.weight3[Size(c, middle) + uo];
      float sum = all_pixels[c] * p.bias2[uo];
      out.bias2[uo] += w3 * all_pixels[c];
      for (int m = 0; m < middle; ++m) {
        const size_t at = (Size(o, middle) + static_cast<size_t>(m)) * 9;
        for (int t = 0; t < 9; ++t) {
          const float g = head_gradient[Size(t * classes + c, middle) + static_cast<size_t>(m)];
          sum += g * p.weight2[at + static_cast<size_t>(t)];
          out.weight2[at + static_cast<size_t>(t)] += w3 * g;
        }
      }
      out.weight3[Size(c, middle) + uo] = sum;
    }
  }
}

}  // namespace shadowtutor::nn
