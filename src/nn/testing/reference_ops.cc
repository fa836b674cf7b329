#include "nn/testing/reference_ops.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace shadowtutor::nn::reference {
namespace {

constexpr double kNormEpsilon = 1e-5;

int OutputSide(int side, int stride) { return (side + stride - 1) / stride; }

size_t WeightIndex(const ConvShape& s, int o, int i, int ky, int kx) {
  return ((static_cast<size_t>(o) * s.in + i) * s.kernel_h + ky) * s.kernel_w + kx;
}

// The output columns [first, last) whose input column, ox * stride + offset, is inside the input.
std::pair<int, int> ColumnsInside(int offset, int stride, int in_width, int out_width) {
  const int first = offset < 0 ? (-offset + stride - 1) / stride : 0;
  const int last = in_width > offset ? (in_width - offset + stride - 1) / stride : 0;
  return {first, std::min(last, out_width)};
}

// The loop of convolutions and their gradients. Calls visit(o, i, weight index, output row, input
// row, first, last, column offset) for every kernel tap and every output row at which the tap reads
// inside the input.
template <typename Visit>
void ForEachTapRow(const ConvShape& s, int in_h, int in_w, int out_h, int out_w, Visit visit) {
  for (int o = 0; o < s.out; ++o) {
    for (int i = 0; i < s.in; ++i) {
      for (int ky = 0; ky < s.kernel_h; ++ky) {
        for (int kx = 0; kx < s.kernel_w; ++kx) {
          const int offset = kx - s.kernel_w / 2;
          const auto [first, last] = ColumnsInside(offset, s.stride, in_w, out_w);
          for (int oy = 0; oy < out_h; ++oy) {
            const int iy = oy * s.stride + ky - s.kernel_h / 2;
            if (iy < 0 || iy >= in_h) continue;
            visit(o, i, WeightIndex(s, o, i, ky, kx), oy, iy, first, last, offset);
          }
        }
      }
    }
  }
}

template <typename T>
struct Statistics {
  T mean = 0, inverse_deviation = 0;
};

template <typename T>
Statistics<T> ChannelStatistics(const Tensor<T>& x, int c) {
  const T* v = x.row(c, 0);
  const T n = static_cast<T>(x.plane());
  T sum = 0, squares = 0;
  for (size_t k = 0; k < x.plane(); ++k) sum += v[k];
  const T mean = sum / n;
  for (size_t k = 0; k < x.plane(); ++k) squares += (v[k] - mean) * (v[k] - mean);
  return {mean, 1 / std::sqrt(squares / n + static_cast<T>(kNormEpsilon))};
}

// The two input pixels that an output pixel is interpolated from, along one axis.
template <typename T>
struct Mix {
  int low, high;
  T weight_low, weight_high;
};

template <typename T>
std::vector<Mix<T>> Mixes(int in, int out) {
  std::vector<Mix<T>> mixes;
  const T ratio = static_cast<T>(in) / static_cast<T>(out);
  for (int d = 0; d < out; ++d) {
    const T source = std::max(T{0}, (static_cast<T>(d) + T{0.5}) * ratio - T{0.5});
    const int low = std::min(static_cast<int>(source), in - 1);
    const T high_part = source - static_cast<T>(low);
    mixes.push_back({low, std::min(low + 1, in - 1), 1 - high_part, high_part});
  }
  return mixes;
}

}  // namespace

template <typename T>
Tensor<T> Conv(const Tensor<T>& x, std::span<const T> weight, std::span<const T> bias,
               const ConvShape& s) {
  Tensor<T> y(s.out, OutputSide(x.height, s.stride), OutputSide(x.width, s.stride));
  for (int o = 0; o < s.out; ++o) {
    std::fill_n(y.row(o, 0), y.plane(), bias[static_cast<size_t>(o)]);
  }
  ForEachTapRow(s, x.height, x.width, y.height, y.width,
                [&](int o, int i, size_t w, int oy, int iy, int first, int last, int offset) {
                  const T* in = x.row(i, iy);
                  T* out = y.row(o, oy);
                  const T tap = weight[w];
                  for (int ox = first; ox < last; ++ox) out[ox] += tap * in[ox * s.stride + offset];
                });
  return y;
}

template <typename T>
ConvGradients<T> ConvBackward(const Tensor<T>& x, std::span<const T> weight, const Tensor<T>& dy,
                              const ConvShape& s) {
  ConvGradients<T> gradients{Tensor<T>(x.channels, x.height, x.width),
                             std::vector<T>(weight.size()),
                             std::vector<T>(static_cast<size_t>(s.out))};
  for (int o = 0; o < s.out; ++o) {
    const T* d = dy.row(o, 0);
    for (size_t k = 0; k < dy.plane(); ++k) gradients.bias[static_cast<size_t>(o)] += d[k];
  }
  ForEachTapRow(s, x.height, x.width, dy.height, dy.width,
                [&](int o, int i, size_t w, int oy, int iy, int first, int last, int offset) {
                  const T* in = x.row(i, iy);
                  const T* d = dy.row(o, oy);
                  T* dx = gradients.x.row(i, iy);
                  const T tap = weight[w];
                  T sum = 0;
                  for (int ox = first; ox < last; ++ox) {
                    sum += d[ox] * in[ox * s.stride + offset];
                  }
                  for (int ox = first; ox < last; ++ox) dx[ox * s.stride + offset] += tap * d[ox];
                  gradients.weight[w] += sum;
                });
  return gradients;
}

template <typename T>
Tensor<T> Norm(const Tensor<T>& x, std::span<const T> scale, std::span<const T> shift) {
  Tensor<T> y(x.channels, x.height, x.width);
  for (int c = 0; c < x.channels; ++c) {
    const auto stats = ChannelStatistics(x, c);
    const T *in = x.row(c, 0), s = scale[static_cast<size_t>(c)], b = shift[static_cast<size_t>(c)];
    T* out = y.row(c, 0);
    for (size_t k = 0; k < x.plane(); ++k) {
      out[k] = (in[k] - stats.mean) * stats.inverse_deviation * s + b;
    }
  }
  return y;
}

template <typename T>
NormGradients<T> NormBackward(const Tensor<T>& x, std::span<const T> scale, const Tensor<T>& dy) {
  NormGradients<T> gradients{Tensor<T>(x.channels, x.height, x.width), std::vector<T>(scale.size()),
                             std::vector<T>(scale.size())};
  const T n = static_cast<T>(x.plane());
  for (int c = 0; c < x.channels; ++c) {
    const auto stats = ChannelStatistics(x, c);
    const T *in = x.row(c, 0), *d = dy.row(c, 0);
    T sum = 0, sum_normalised = 0;
    for (size_t k = 0; k < x.plane(); ++k) {
      sum += d[k];
      sum_normalised += d[k] * (in[k] - stats.mean) * stats.inverse_deviation;
    }
    gradients.shift[static_cast<size_t>(c)] = sum;
    gradients.scale[static_cast<size_t>(c)] = sum_normalised;
    // The statistics depend on every pixel, so the gradient has terms for the mean and the
    // deviation.
    const T factor = scale[static_cast<size_t>(c)] * stats.inverse_deviation;
    T* out = gradients.x.row(c, 0);
    for (size_t k = 0; k < x.plane(); ++k) {
      const T normalised = (in[k] - stats.mean) * stats.inverse_deviation;
      out[k] = factor * (d[k] - sum / n - normalised * sum_normalised / n);
    }
  }
  return gradients;
}

template <typename T>
Tensor<T> Relu(const Tensor<T>& x) {
  Tensor<T> y = x;
  for (T& v : y.values) v = std::max(v, T{0});
  return y;
}

template <typename T>
Tensor<T> ReluBackward(const Tensor<T>& x, const Tensor<T>& dy) {
  Tensor<T> dx = dy;
  for (size_t k = 0; k < dx.values.size(); ++k) {
    if (x.values[k] <= 0) dx.values[k] = 0;
  }
  return dx;
}

template <typename T>
Tensor<T> Resize(const Tensor<T>& x, int height, int width) {
  Tensor<T> y(x.channels, height, width);
  const auto rows = Mixes<T>(x.height, height), columns = Mixes<T>(x.width, width);
  for (int c = 0; c < x.channels; ++c) {
    for (int oy = 0; oy < height; ++oy) {
      const auto& r = rows[static_cast<size_t>(oy)];
      const T *low = x.row(c, r.low), *high = x.row(c, r.high);
      T* out = y.row(c, oy);
      for (int ox = 0; ox < width; ++ox) {
        const auto& m = columns[static_cast<size_t>(ox)];
        out[ox] = r.weight_low * (m.weight_low * low[m.low] + m.weight_high * low[m.high]) +
                  r.weight_high * (m.weight_low * high[m.low] + m.weight_high * high[m.high]);
      }
    }
  }
  return y;
}

template <typename T>
Tensor<T> ResizeBackward(const Tensor<T>& dy, int height, int width) {
  Tensor<T> dx(dy.channels, height, width);
  const auto rows = Mixes<T>(height, dy.height), columns = Mixes<T>(width, dy.width);
  for (int c = 0; c < dy.channels; ++c) {
    for (int oy = 0; oy < dy.height; ++oy) {
      const auto& r = rows[static_cast<size_t>(oy)];
      const T* d = dy.row(c, oy);
      T *low = dx.row(c, r.low), *high = dx.row(c, r.high);
      for (int ox = 0; ox < dy.width; ++ox) {
        const auto& m = columns[static_cast<size_t>(ox)];
        low[m.low] += r.weight_low * m.weight_low * d[ox];
        low[m.high] += r.weight_low * m.weight_high * d[ox];
        high[m.low] += r.weight_high * m.weight_low * d[ox];
        high[m.high] += r.weight_high * m.weight_high * d[ox];
      }
    }
  }
  return dx;
}

template <typename T>
Tensor<T> Subsample(const Tensor<T>& x, int stride) {
  Tensor<T> y(x.channels, OutputSide(x.height, stride), OutputSide(x.width, stride));
  for (int c = 0; c < y.channels; ++c) {
    for (int oy = 0; oy < y.height; ++oy) {
      for (int ox = 0; ox < y.width; ++ox) {
        y.row(c, oy)[ox] = x.row(c, oy * stride)[ox * stride];
      }
    }
  }
  return y;
}

template <typename T>
Tensor<T> SubsampleBackward(const Tensor<T>& dy, int height, int width, int stride) {
  Tensor<T> dx(dy.channels, height, width);
  for (int c = 0; c < dy.channels; ++c) {
    for (int oy = 0; oy < dy.height; ++oy) {
      for (int ox = 0; ox < dy.width; ++ox) {
        dx.row(c, oy * stride)[ox * stride] = dy.row(c, oy)[ox];
      }
    }
  }
  return dx;
}

template <typename T>
Tensor<T> Concat(const Tensor<T>& a, const Tensor<T>& b) {
  Tensor<T> both(a.channels + b.channels, a.height, a.width);
  std::copy(b.values.begin(), b.values.end(),
            std::copy(a.values.begin(), a.values.end(), both.values.begin()));
  return both;
}

template <typename T>
Tensor<T> Slice(const Tensor<T>& x, int first, int count) {
  Tensor<T> part(count, x.height, x.width);
  std::copy_n(x.row(first, 0), part.values.size(), part.values.begin());
  return part;
}

template <typename T>
void AddTo(Tensor<T>& a, const Tensor<T>& b) {
  for (size_t k = 0; k < a.values.size(); ++k) a.values[k] += b.values[k];
}

template <typename T>
LossGradient<T> WeightedCrossEntropy(const Tensor<T>& logits, const LabelMap& label,
                                     std::span<const float> pixel_weight) {
  LossGradient<T> result{0, Tensor<T>(logits.channels, logits.height, logits.width)};
  const size_t plane = logits.plane();
  for (size_t k = 0; k < plane; ++k) {
    const auto logit = [&](int c) { return logits.values[static_cast<size_t>(c) * plane + k]; };
    T largest = logit(0), sum = 0;
    for (int c = 1; c < logits.channels; ++c) largest = std::max(largest, logit(c));
    for (int c = 0; c < logits.channels; ++c) sum += std::exp(logit(c) - largest);
    const T weight = static_cast<T>(pixel_weight[k]) / static_cast<T>(plane);
    const int truth = label.labels()[k];
    result.loss += weight * (std::log(sum) + largest - logit(truth));
    for (int c = 0; c < logits.channels; ++c) {
      const T probability = std::exp(logit(c) - largest) / sum;
      result.logits.values[static_cast<size_t>(c) * plane + k] =
          weight * (probability - (c == truth ? 1 : 0));
    }
  }
  return result;
}

template <typename T>
LossGradient<T> SoftJaccard(const Tensor<T>& logits, const LabelMap& label,
                            std::span<const float> pixel_weight) {
  const size_t plane = logits.plane(), classes = static_cast<size_t>(logits.channels);
  Tensor<T> p(logits.channels, logits.height, logits.width);
  Tensor<T> slope = p;  // 0 for classes that the label does not have
  for (size_t k = 0; k < plane; ++k) {
    T largest = logits.values[k], sum = 0;
    for (size_t c = 1; c < classes; ++c) largest = std::max(largest, logits.values[c * plane + k]);
    for (size_t c = 0; c < classes; ++c) {
      sum += p.values[c * plane + k] = std::exp(logits.values[c * plane + k] - largest);
    }
    for (size_t c = 0; c < classes; ++c) p.values[c * plane + k] /= sum;
  }
  LossGradient<T> result{0, Tensor<T>(logits.channels, logits.height, logits.width)};
  T present = 0;
  for (size_t c = 0; c < classes; ++c) {
    T overlap = 0, united = 0, pixels = 0;
    for (size_t k = 0; k < plane; ++k) {
      if (pixel_weight[k] == 0) continue;
      const bool here = label.labels()[k] == c;
      const T value = p.values[c * plane + k];
      pixels += here;
      overlap += here ? value : 0;
      united += here ? 1 : value;
    }
    if (pixels == 0) continue;
    ++present;
    result.loss += 1 - overlap / united;
    for (size_t k = 0; k < plane; ++k) {
      slope.values[c * plane + k] =
          label.labels()[k] == c ? -1 / united : overlap / (united * united);
    }
  }
  if (present > 0) result.loss /= present;
  for (size_t k = 0; k < plane; ++k) {
    if (pixel_weight[k] == 0 || present == 0) continue;
    T mean = 0;
    for (size_t c = 0; c < classes; ++c) {
      mean += p.values[c * plane + k] * slope.values[c * plane + k];
    }
    for (size_t c = 0; c < classes; ++c) {
      result.logits.values[c * plane + k] =
          p.values[c * plane + k] * (slope.values[c * plane + k] - mean) / present;
    }
  }
  return result;
}

template <typename T>
LabelMap ArgMax(const Tensor<T>& logits) {
  LabelMap labels(logits.width, logits.height);
  const size_t plane = logits.plane();
  for (size_t k = 0; k < plane; ++k) {
    int best = 0;
    for (int c = 1; c < logits.channels; ++c) {
      if (logits.values[static_cast<size_t>(c) * plane + k] >
          logits.values[static_cast<size_t>(best) * plane + k]) {
        best = c;
      }
    }
    labels.labels()[k] = static_cast<uint8_t>(best);
  }
  return labels;
}

#define SHADOWTUTOR_INSTANTIATE(T)                                                                 \
  template Tensor<T> Conv(const Tensor<T>&, std::span<const T>, std::span<const T>,                \
                          const ConvShape&);                                                       \
  template ConvGradients<T> ConvBackward(const Tensor<T>&, std::span<const T>, const Tensor<T>&,   \
                                         const ConvShape&);                                        \
  template Tensor<T> Norm(const Tensor<T>&, std::span<const T>, std::span<const T>);               \
  template NormGradients<T> NormBackward(const Tensor<T>&, std::span<const T>, const Tensor<T>&);  \
  template Tensor<T> Relu(const Tensor<T>&);                                                       \
  template Tensor<T> ReluBackward(const Tensor<T>&, const Tensor<T>&);                             \
  template Tensor<T> Resize(const Tensor<T>&, int, int);                                           \
  template Tensor<T> ResizeBackward(const Tensor<T>&, int, int);                                   \
  template Tensor<T> Subsample(const Tensor<T>&, int);                                             \
  template Tensor<T> SubsampleBackward(const Tensor<T>&, int, int, int);                           \
  template Tensor<T> Concat(const Tensor<T>&, const Tensor<T>&);                                   \
  template Tensor<T> Slice(const Tensor<T>&, int, int);                                            \
  template void AddTo(Tensor<T>&, const Tensor<T>&);                                               \
  template LossGradient<T> WeightedCrossEntropy(const Tensor<T>&, const LabelMap&,                 \
                                                std::span<const float>);                           \
  template LossGradient<T> SoftJaccard(const Tensor<T>&, const LabelMap&, std::span<const float>); \
  template LabelMap ArgMax(const Tensor<T>&);

SHADOWTUTOR_INSTANTIATE(float)
SHADOWTUTOR_INSTANTIATE(double)
#undef SHADOWTUTOR_INSTANTIATE

}  // namespace shadowtutor::nn::reference
