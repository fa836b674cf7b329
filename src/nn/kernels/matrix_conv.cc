#include "nn/kernels/matrix_conv.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "core/parallel.h"
#include "nn/kernels/matrix_tiles.h"
#include "nn/kernels/matrix_unit.h"

namespace shadowtutor::nn {
namespace {

constexpr int kTileNumbers = 512;  // bfloat16 numbers of a tile

int Groups(int channels) { return (channels + kMatrixChannels - 1) / kMatrixChannels; }

}  // namespace

MatrixConv MakeMatrixConv(int outputs, int inputs, int taps) {
  MatrixConv conv;
  conv.outputs = Blocks(outputs) * kBlock;
  conv.inputs = inputs;
  conv.taps = taps;
  const int tiles = Blocks(outputs) * Groups(inputs) * taps;
  conv.weights = Buffer(static_cast<size_t>(tiles) * kTileNumbers / 2);
  return conv;
}

#if defined(__x86_64__)

namespace {

constexpr int kMostInputs = 2;
constexpr __mmask16 kAllLanes = 0xffff;
constexpr int kStripRows = 4;  // rows of the output that a task computes

// The rows of an input that a strip of the output needs, as bfloat16: [row][group][column][32].
struct StripInput {
  uint16_t* numbers;
  size_t row, group;  // in numbers
  int first_row;      // of the view
  int stride, groups, taps;
  const Tap* tap;
  const uint16_t* weights;
};

// Columns of a strip's row, from that of the halo on: those that whole tiles of outputs read.
int StripColumns(int width, int stride) {
  const int whole = (width + kMatrixPixels - 1) / kMatrixPixels * kMatrixPixels;
  return whole * stride + 2;
}

// Rounds row `y` of the view, or of relu(norm(view)).
ST_MATRIX_UNIT void RoundRow(const MatrixInput& input, int y, int columns, const StripInput& strip,
                             uint16_t* to) {
  const View& view = input.view;
  const __m512 zero = _mm512_setzero_ps();
  const size_t row_bytes = static_cast<size_t>(columns) * kMatrixChannels * sizeof(uint16_t);
  for (int g = 0; g < strip.groups; ++g, to += strip.group) {
    if (y < 0 || y >= view.height) {
      std::memset(to, 0, row_bytes);
      continue;
    }
    const int known = std::min(columns, view.width + 1);  // up to the halo after the last column
    const bool both = 2 * g + 1 < view.blocks();
    const float* low = view.at(2 * g, y, -1);
    const float* high = both ? view.at(2 * g + 1, y, -1) : low;
    if (input.norm) {
      const float* multiplier = input.norm->multiplier.data() + 2 * g * kBlock;
      const float* offset = input.norm->offset.data() + 2 * g * kBlock;
      const __m512 by_low = _mm512_loadu_ps(multiplier), add_low = _mm512_loadu_ps(offset);
      const __m512 by_high = both ? _mm512_loadu_ps(multiplier + kBlock) : zero;
      const __m512 add_high = both ? _mm512_loadu_ps(offset + kBlock) : zero;
      _mm512_storeu_si512(to, _mm512_setzero_si512());
      for (int x = 1; x < known; ++x) {
        const __m512 first = _mm512_maskz_max_ps(
            kAllLanes, zero, _mm512_fmadd_ps(_mm512_loadu_ps(low + x * kBlock), by_low, add_low));
        const __m512 second = _mm512_maskz_max_ps(
            kAllLanes, zero,
            _mm512_fmadd_ps(_mm512_loadu_ps(high + x * kBlock), by_high, add_high));
        _mm512_storeu_si512(to + x * kMatrixChannels,
                            reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(second, first)));
      }
    } else {
      for (int x = 0; x < known; ++x) {
        const __m512 second = both ? _mm512_loadu_ps(high + x * kBlock) : zero;
        const __m512bh rounded = _mm512_cvtne2ps_pbh(second, _mm512_loadu_ps(low + x * kBlock));
        _mm512_storeu_si512(to + x * kMatrixChannels, reinterpret_cast<__m512i>(rounded));
      }
    }
    std::memset(to + known * kMatrixChannels, 0,
                static_cast<size_t>(columns - known) * kMatrixChannels * sizeof(uint16_t));
  }
}

// Computes kA tiles of 16 pixels times kB blocks of outputs of one row to sums[kA][kB][pixel][16].
template <int kA, int kB>
ST_MATRIX_UNIT void MultiplyTiles(const StripInput* inputs, int count, int row, int x, int block,
                                  float* sums) {
  _tile_zero(0);
  if constexpr (kB > 1) _tile_zero(1);
  if constexpr (kA > 1) _tile_zero(2);
  if constexpr (kA > 1 && kB > 1) _tile_zero(3);
  for (int i = 0; i < count; ++i) {
    const StripInput& in = inputs[i];
    const size_t block_weights = static_cast<size_t>(in.groups * in.taps) * kTileNumbers;
    const uint16_t* w = in.weights + static_cast<size_t>(block) * block_weights;
    const size_t pixel_bytes = static_cast<size_t>(in.stride) * kMatrixChannels * sizeof(uint16_t);
    const size_t next = static_cast<size_t>(kMatrixPixels * in.stride * kMatrixChannels);
    for (int g = 0; g < in.groups; ++g) {
      for (int t = 0; t < in.taps; ++t, w += kTileNumbers) {
        const int y = row * in.stride + in.tap[t].dy - in.first_row;
        const int column = x * in.stride + in.tap[t].dx + 1;
        const uint16_t* a = in.numbers + static_cast<size_t>(y) * in.row +
                            static_cast<size_t>(g) * in.group +
                            static_cast<size_t>(column) * kMatrixChannels;
        _tile_loadd(6, w, 64);
        _tile_loadd(4, a, pixel_bytes);
        _tile_dpbf16ps(0, 4, 6);
        if constexpr (kB > 1) {
          _tile_loadd(7, w + block_weights, 64);
          _tile_dpbf16ps(1, 4, 7);
        }
        if constexpr (kA > 1) {
          _tile_loadd(5, a + next, pixel_bytes);
          _tile_dpbf16ps(2, 5, 6);
        }
        if constexpr (kA > 1 && kB > 1) _tile_dpbf16ps(3, 5, 7);
      }
    }
  }
  _tile_stored(0, sums, 64);
  if constexpr (kB > 1) _tile_stored(1, sums + 256, 64);
  if constexpr (kA > 1) _tile_stored(2, sums + kB * 256, 64);
  if constexpr (kA > 1 && kB > 1) _tile_stored(3, sums + 768, 64);
}

// Gates and stores `pixels` pixels of one block, which are `step` floats apart, and adds them to
// the block's moments [2][16].
ST_MATRIX_UNIT void StoreGated(const float* sums, int pixels, const NormGate& gate, int block,
                               int y, int x0, int step, float* to, float* moments) {
  const auto of = [&](const Buffer& channels) { return channels.data() + block * kBlock; };
  const __m512 multiplier = _mm512_loadu_ps(of(gate.norm->multiplier));
  const __m512 offset = _mm512_loadu_ps(of(gate.norm->offset));
  const __m512 mean = _mm512_loadu_ps(of(gate.norm->mean));
  const float* from = gate.x.at(block, y, x0);
  __m512 sum = _mm512_loadu_ps(moments), product = _mm512_loadu_ps(moments + kBlock);
  for (int p = 0; p < pixels; ++p) {
    const __m512 x = _mm512_loadu_ps(from + p * step);
    const __mmask16 open =
        _mm512_cmp_ps_mask(_mm512_fmadd_ps(x, multiplier, offset), _mm512_setzero_ps(), _CMP_GT_OQ);
    const __m512 g = _mm512_maskz_mov_ps(open, _mm512_loadu_ps(sums + p * kBlock));
    sum = _mm512_add_ps(sum, g);
    product = _mm512_fmadd_ps(g, _mm512_sub_ps(x, mean), product);
    _mm512_storeu_ps(to + p * step, g);
  }
  _mm512_storeu_ps(moments, sum);
  _mm512_storeu_ps(moments + kBlock, product);
}

// Finishes and stores `pixels` pixels of one block.
ST_MATRIX_UNIT void StorePixels(const float* sums, int pixels, const ConvOutput& output,
                                const MatrixExtras& extras, int block, int row, int x,
                                float* moments) {
  const View& view = output.view;
  const int y = output.y0 + row * output.step, x0 = output.x0 + x * output.step;
  const int kind = extras.bias_by_row ? (y == 0 ? 1 : 0) | (y == view.height - 1 ? 2 : 0) : 0;
  const __m512 zero = _mm512_setzero_ps();
  const __m512 bias =
      extras.bias ? _mm512_loadu_ps(extras.bias + (kind * view.blocks() + block) * kBlock) : zero;
  float* to = view.at(block, y, x0);
  const float* add =
      extras.add ? extras.add->at(block, row * extras.add_stride, x * extras.add_stride) : nullptr;
  const float* positive = extras.positive ? extras.positive->at(block, y, x0) : nullptr;
  const int step = output.step * kBlock;
  if (extras.gate) {
    StoreGated(sums, pixels, *extras.gate, block, y, x0, step, to, moments);
    return;
  }
  for (int p = 0; p < pixels; ++p) {
    __m512 v = _mm512_add_ps(_mm512_loadu_ps(sums + p * kBlock), bias);
    if (add) v = _mm512_add_ps(v, _mm512_loadu_ps(add + p * extras.add_stride * kBlock));
    if (extras.relu) v = _mm512_maskz_max_ps(kAllLanes, v, zero);
    if (positive) {
      const __mmask16 keep =
          _mm512_cmp_ps_mask(_mm512_loadu_ps(positive + p * step), zero, _CMP_GT_OQ);
      v = _mm512_maskz_mov_ps(keep, v);
    }
    _mm512_storeu_ps(to + p * step, v);
  }
}

// Computes rows [begin, end) of a pass. `moments`, if there is a gate: [block][2][16].
ST_MATRIX_UNIT void ConvolveStrip(const StripInput* inputs, int count, const ConvOutput& output,
                                  const MatrixExtras& extras, int begin, int end, float* moments) {
  const int blocks = output.view.blocks();
  alignas(64) float sums[4 * 256];
  for (int block = 0; block < blocks; block += 2) {
    const int b = std::min(2, blocks - block);
    for (int row = begin; row < end; ++row) {
      for (int x = 0; x < output.width; x += 2 * kMatrixPixels) {
        const int a = output.width - x > kMatrixPixels ? 2 : 1;
        if (a == 2) {
          b == 2 ? MultiplyTiles<2, 2>(inputs, count, row, x, block, sums)
                 : MultiplyTiles<2, 1>(inputs, count, row, x, block, sums);
        } else {
          b == 2 ? MultiplyTiles<1, 2>(inputs, count, row, x, block, sums)
                 : MultiplyTiles<1, 1>(inputs, count, row, x, block, sums);
        }
        for (int i = 0; i < a; ++i) {
          const int at = x + i * kMatrixPixels;
          const int pixels = std::min(kMatrixPixels, output.width - at);
          for (int j = 0; j < b; ++j) {
            float* to = moments ? moments + (block + j) * 2 * kBlock : nullptr;
            StorePixels(sums + (i * b + j) * 256, pixels, output, extras, block + j, row, at, to);
          }
        }
      }
    }
  }
}

ST_MATRIX_UNIT void RoundTile(const float* from, int inputs, size_t row, uint16_t* to) {
  const __m512 zero = _mm512_setzero_ps();
  for (int k = 0; k < kBlock; k += 2, to += kMatrixChannels) {
    const __m512 first = k < inputs ? _mm512_loadu_ps(from + static_cast<size_t>(k) * row) : zero;
    const __m512 second =
        k + 1 < inputs ? _mm512_loadu_ps(from + static_cast<size_t>(k + 1) * row) : zero;
    _mm512_storeu_si512(to, Pairs(first, second));
  }
}

}  // namespace

void RepackMatrix(std::span<const float> oihw, int out, int in, int kh, int kw,
                  std::span<const Tap> taps, bool transposed, float* working, MatrixConv& conv) {
  Repack(oihw, out, in, kh, kw, taps, transposed, working);
  const float* packed = working;
  auto* numbers = reinterpret_cast<uint16_t*>(conv.weights.data());
  const int groups = Groups(conv.inputs), tile_width = ConvTileWidth();
  const auto block_numbers = static_cast<size_t>(groups * conv.taps) * kTileNumbers;
  for (int o = 0; o < conv.outputs; o += tile_width) {
    const int tile = std::min(tile_width, conv.outputs - o);
    for (int i = 0; i < conv.inputs; i += kBlock) {
      const int inputs = std::min(kBlock, conv.inputs - i);
      for (int t = 0; t < conv.taps; ++t) {
        for (int j = 0; j < tile; j += kBlock) {
          // A tile has 32 inputs: two blocks of them, one after the other.
          uint16_t* to = numbers + static_cast<size_t>((o + j) / kBlock) * block_numbers +
                         static_cast<size_t>(i / kMatrixChannels * conv.taps + t) * kTileNumbers +
                         static_cast<size_t>(i / kBlock % 2) * (kTileNumbers / 2);
          RoundTile(packed + j, inputs, static_cast<size_t>(tile), to);
        }
        packed += inputs * tile;
      }
    }
  }
}

namespace {

// What is the same for every strip.
struct StripPlan {
  StripInput inputs[kMostInputs];
  int first[kMostInputs], last[kMostInputs];  // the rows that the taps read, from their own
  int columns[kMostInputs];
  int count = 0, height = 0;
  size_t numbers = 0;
};

StripPlan PlanStrips(std::span<const MatrixPass> passes) {
  StripPlan plan;
  for (const MatrixPass& pass : passes) {
    plan.count = std::max(plan.count, pass.count);
    plan.height = std::max(plan.height, pass.output.height);
  }
  for (int i = 0; i < plan.count; ++i) {
    const auto ui = static_cast<size_t>(i);
    int width = 0, first = 0, last = 0;
    const MatrixInput* input = nullptr;
    for (const MatrixPass& pass : passes) {
      if (pass.count <= i) continue;
      if (!input) input = &pass.inputs[ui];
      width = std::max(width, pass.output.width);
      for (const Tap& tap : pass.inputs[ui].taps) {
        first = std::min(first, tap.dy);
        last = std::max(last, tap.dy);
      }
    }
    plan.first[i] = first;
    plan.last[i] = last;
    plan.columns[i] = StripColumns(width, input->stride);
    StripInput& strip = plan.inputs[i];
    strip.groups = Groups(input->view.channels);
    strip.group = static_cast<size_t>(plan.columns[i]) * kMatrixChannels;
    strip.row = static_cast<size_t>(strip.groups) * strip.group;
    strip.stride = input->stride;
    const int rows = (kStripRows - 1) * input->stride + last - first + 1;
    plan.numbers += static_cast<size_t>(rows) * strip.row;
  }
  return plan;
}

// Rounds the rows of the inputs that strip rows [begin, end) need.
void RoundInputs(std::span<const MatrixPass> passes, const StripPlan& plan, int begin, int end,
                 uint16_t* to, StripInput* strips) {
  for (int i = 0; i < plan.count; ++i) {
    const auto with_input = std::find_if(passes.begin(), passes.end(),
                                         [&](const MatrixPass& pass) { return pass.count > i; });
    const MatrixInput& input = with_input->inputs[static_cast<size_t>(i)];
    strips[i] = plan.inputs[i];
    strips[i].numbers = to;
    strips[i].first_row = begin * input.stride + plan.first[i];
    const int last = (end - 1) * input.stride + plan.last[i];
    for (int y = strips[i].first_row; y <= last; ++y, to += strips[i].row) {
      RoundRow(input, y, plan.columns[i], strips[i], to);
    }
  }
}

}  // namespace

void ConvolveMatrix(std::span<const MatrixPass> passes, const MatrixExtras& extras,
                    Scratch& scratch) {
  const StripPlan plan = PlanStrips(passes);
  const int strips = (plan.height + kStripRows - 1) / kStripRows;
  const size_t moments = static_cast<size_t>(passes[0].output.view.blocks()) * 2 * kBlock;
  scratch.PrepareSlots(plan.numbers / 2);
  float* all_moments =
      extras.gate ? scratch.Floats(moments * static_cast<size_t>(strips)) : nullptr;
  ParallelFor(strips, [&](int strip) {
    const int begin = strip * kStripRows, end = std::min(plan.height, begin + kStripRows);
    StripInput inputs[kMostInputs];
    RoundInputs(passes, plan, begin, end, reinterpret_cast<uint16_t*>(scratch.SlotFloats()),
                inputs);
    float* to = all_moments;
    if (to) {
      to += moments * static_cast<size_t>(strip);
      std::fill_n(to, moments, 0.0f);
    }
    const MatrixTiles tiles;
    for (const MatrixPass& pass : passes) {
      for (int i = 0; i < pass.count; ++i) {
        const MatrixInput& input = pass.inputs[static_cast<size_t>(i)];
        inputs[i].taps = static_cast<int>(input.taps.size());
        inputs[i].tap = input.taps.data();
        inputs[i].weights = reinterpret_cast<const uint16_t*>(input.weights->weights.data());
      }
      ConvolveStrip(inputs, pass.count, pass.output, extras, begin,
                    std::min(end, pass.output.height), to);
    }
  });
  if (!extras.gate) return;
  for (size_t k = 0; k < moments; ++k) {
    double sum = 0;
    for (int strip = 0; strip < strips; ++strip) {
      sum += static_cast<double>(all_moments[moments * static_cast<size_t>(strip) + k]);
    }
    extras.gate->moments[k] = sum;
  }
}

#else

void RepackMatrix(std::span<const float>, int, int, int, int, std::span<const Tap>, bool, float*,
                  MatrixConv&) {}
void ConvolveMatrix(std::span<const MatrixPass>, const MatrixExtras&, Scratch&) {}

#endif  // __x86_64__

}  // namespace shadowtutor::nn
