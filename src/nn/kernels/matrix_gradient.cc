#include "nn/kernels/matrix_gradient.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "core/parallel.h"
#include "nn/kernels/conv_gradient.h"
#include "nn/kernels/matrix_tiles.h"

namespace shadowtutor::nn {

#if defined(__x86_64__)

namespace {

constexpr int kPixels = 32;  // that a tile multiplies and adds up

// A chunk's rows of both factors, as bfloat16. Columns are rounded up to whole tiles; those past
// the gradient's last one are zero there.
//
// The input's columns, from that of the halo on, are in one plane, or for stride 2 in two: the even
// ones and the odd ones. [row][plane][channel][column]
//
// The gradient's are in pairs: [row][block][pair of columns][channel][2].
struct Factors {
  uint16_t* in;
  uint16_t* g;
  size_t in_row, in_plane, in_channel;  // in numbers
  size_t g_row, g_block;
  int first_row;  // of the input
  int columns;    // of the gradient
};

// Transposes 16 rows of 16 words of 32 bits.
ST_MATRIX_UNIT void Transpose(__m512i (&r)[16]) {
  __m512i t[16];
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
  }
  // r[4 k + j]: words j of rows 4 k .. 4 k + 3, in each quarter of the vector.
  for (int i = 0; i < 16; i += 4) {
    r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  for (int j = 0; j < 4; ++j) {
    const __m512i even01 = _mm512_shuffle_i32x4(r[j], r[4 + j], 0x88);
    const __m512i odd01 = _mm512_shuffle_i32x4(r[j], r[4 + j], 0xdd);
    const __m512i even23 = _mm512_shuffle_i32x4(r[8 + j], r[12 + j], 0x88);
    const __m512i odd23 = _mm512_shuffle_i32x4(r[8 + j], r[12 + j], 0xdd);
    t[j] = _mm512_shuffle_i32x4(even01, even23, 0x88);
    t[4 + j] = _mm512_shuffle_i32x4(odd01, odd23, 0x88);
    t[8 + j] = _mm512_shuffle_i32x4(even01, even23, 0xdd);
    t[12 + j] = _mm512_shuffle_i32x4(odd01, odd23, 0xdd);
  }
  for (int i = 0; i < 16; ++i) r[i] = t[i];
}

// Column `c` of a row whose first column, of `count`, is `row`; zero past the last one.
ST_MATRIX_UNIT inline __m512 Column(const float* row, int c, int count) {
  return c < count ? _mm512_loadu_ps(row + static_cast<ptrdiff_t>(c) * kBlock)
                   : _mm512_setzero_ps();
}

// relu(norm(x)) of a block's channels.
struct BlockNorm {
  __m512 multiplier, offset;
};

// The same column of relu(norm(row)). `row` begins and ends with the halo.
ST_MATRIX_UNIT inline __m512 NormedColumn(const float* row, int c, int count,
                                          const BlockNorm& norm) {
  // The halo is zero after the norm, too.
  if (c == 0 || c >= count - 1) return _mm512_setzero_ps();
  const __m512 x = _mm512_loadu_ps(row + static_cast<ptrdiff_t>(c) * kBlock);
  return _mm512_maskz_max_ps(0xffff, _mm512_setzero_ps(),
                             _mm512_fmadd_ps(x, norm.multiplier, norm.offset));
}

// Rounds and transposes one row of a block of the input: columns first, first + step, ... to a
// plane [channel][column].
template <bool kNormed>
ST_MATRIX_UNIT void RoundPlane(const float* row, int count, int first, int step, int columns,
                               size_t channel, const BlockNorm& norm, uint16_t* to) {
  for (int c = 0; c < columns; c += kPixels, to += kPixels) {
    __m512i words[16];
    for (int j = 0; j < 16; ++j) {
      const int at = first + (c + 2 * j) * step;
      if constexpr (kNormed) {
        words[j] =
            Pairs(NormedColumn(row, at, count, norm), NormedColumn(row, at + step, count, norm));
      } else {
        words[j] = Pairs(Column(row, at, count), Column(row, at + step, count));
      }
    }
    Transpose(words);
    for (int k = 0; k < 16; ++k) {
      _mm512_storeu_si512(to + static_cast<size_t>(k) * channel, words[k]);
    }
  }
}

// Rounds one row of a block of the gradient and adds its pixels to sum[16].
ST_MATRIX_UNIT void RoundGradient(const float* row, int width, int columns, uint16_t* to,
                                  float* sum) {
  __m512 total = _mm512_loadu_ps(sum);
  for (int x = 0; x < columns; x += 2, to += 2 * kBlock) {
    const __m512 first = Column(row, x, width), second = Column(row, x + 1, width);
    total = _mm512_add_ps(total, _mm512_add_ps(first, second));
    _mm512_storeu_si512(to, Pairs(first, second));
  }
  _mm512_storeu_ps(sum, total);
}

// The sums over all pixels of rows [0, rows) for kI blocks of inputs, from `in` on, times kO blocks
// of outputs, from `g` on. They are written to dw, 16 rows of `tile` floats for each block of
// inputs, which are `block` floats apart.
template <int kI, int kO>
ST_MATRIX_UNIT void SumTiles(const Factors& f, const uint16_t* in, int stride, const uint16_t* g,
                             int rows, float* dw, size_t tile, size_t block) {
  _tile_zero(0);
  if constexpr (kO > 1) _tile_zero(1);
  if constexpr (kI > 1) _tile_zero(2);
  if constexpr (kI > 1 && kO > 1) _tile_zero(3);
  const size_t channel_bytes = f.in_channel * sizeof(uint16_t);
  for (int row = 0; row < rows; ++row) {
    const uint16_t* a = in + static_cast<size_t>(row * stride) * f.in_row;
    const uint16_t* b = g + static_cast<size_t>(row) * f.g_row;
    for (int x = 0; x < f.columns; x += kPixels, a += kPixels, b += kPixels * kBlock) {
      _tile_loadd(4, a, channel_bytes);
      _tile_loadd(6, b, 64);
      _tile_dpbf16ps(0, 4, 6);
      if constexpr (kO > 1) {
        _tile_loadd(7, b + f.g_block, 64);
        _tile_dpbf16ps(1, 4, 7);
      }
      if constexpr (kI > 1) {
        _tile_loadd(5, a + kBlock * f.in_channel, channel_bytes);
        _tile_dpbf16ps(2, 5, 6);
      }
      if constexpr (kI > 1 && kO > 1) _tile_dpbf16ps(3, 5, 7);
    }
  }
  const size_t row_bytes = tile * sizeof(float);
  _tile_stored(0, dw, row_bytes);
  if constexpr (kO > 1) _tile_stored(1, dw + kBlock, row_bytes);
  if constexpr (kI > 1) _tile_stored(2, dw + block, row_bytes);
  if constexpr (kI > 1 && kO > 1) _tile_stored(3, dw + block + kBlock, row_bytes);
}

// The same for one block of inputs and the three taps of a row of a 3x3 kernel, which read almost
// the same memory: at `in` + shift[tap]. The taps' sums are `tap` floats apart.
template <int kO>
ST_MATRIX_UNIT void SumTapTiles(const Factors& f, const uint16_t* in, const size_t (&shift)[3],
                                int stride, const uint16_t* g, int rows, float* dw, size_t tile,
                                size_t tap) {
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  if constexpr (kO > 1) {
    _tile_zero(3);
    _tile_zero(4);
    _tile_zero(5);
  }
  const size_t channel_bytes = f.in_channel * sizeof(uint16_t);
  for (int row = 0; row < rows; ++row) {
    const uint16_t* a = in + static_cast<size_t>(row * stride) * f.in_row;
    const uint16_t* b = g + static_cast<size_t>(row) * f.g_row;
    for (int x = 0; x < f.columns; x += kPixels, a += kPixels, b += kPixels * kBlock) {
      _tile_loadd(6, b, 64);
      _tile_loadd(7, a + shift[0], channel_bytes);
      _tile_dpbf16ps(0, 7, 6);
      _tile_loadd(7, a + shift[1], channel_bytes);
      _tile_dpbf16ps(1, 7, 6);
      _tile_loadd(7, a + shift[2], channel_bytes);
      _tile_dpbf16ps(2, 7, 6);
      if constexpr (kO > 1) {
        _tile_loadd(6, b + f.g_block, 64);
        _tile_dpbf16ps(5, 7, 6);
        _tile_loadd(7, a + shift[1], channel_bytes);
        _tile_dpbf16ps(4, 7, 6);
        _tile_loadd(7, a + shift[0], channel_bytes);
        _tile_dpbf16ps(3, 7, 6);
      }
    }
  }
  const size_t row_bytes = tile * sizeof(float);
  _tile_stored(0, dw, row_bytes);
  _tile_stored(1, dw + tap, row_bytes);
  _tile_stored(2, dw + 2 * tap, row_bytes);
  if constexpr (kO > 1) {
    _tile_stored(3, dw + kBlock, row_bytes);
    _tile_stored(4, dw + tap + kBlock, row_bytes);
    _tile_stored(5, dw + 2 * tap + kBlock, row_bytes);
  }
}

// `taps` are as ForwardTaps gives them: row by row, from the first column on.
struct GradientTask {
  View input, g;
  const NormStatistics* norm;
  int stride;
  std::span<const Tap> taps;
};

// Writes the sums over rows [begin, end) to dw ([tile][block][tap][16][tile]) and db ([outputs]).
ST_MATRIX_UNIT void SumChunk(const GradientTask& task, Factors& f, int begin, int end, float* dw,
                             float* db) {
  const View& input = task.input;
  const View& g = task.g;
  const int planes = task.stride;
  f.first_row = begin * task.stride + task.taps.front().dy;
  const int last_row = (end - 1) * task.stride + task.taps.back().dy;
  const int padded = static_cast<int>(f.in_channel);
  uint16_t* to = f.in;
  for (int y = f.first_row; y <= last_row; ++y, to += f.in_row) {
    if (y < 0 || y >= input.height) {
      std::memset(to, 0, f.in_row * sizeof(uint16_t));
      continue;
    }
    for (int b = 0; b < input.blocks(); ++b) {
      BlockNorm norm{};
      if (task.norm) {
        norm.multiplier = _mm512_loadu_ps(task.norm->multiplier.data() + b * kBlock);
        norm.offset = _mm512_loadu_ps(task.norm->offset.data() + b * kBlock);
      }
      for (int p = 0; p < planes; ++p) {
        const auto round = task.norm ? RoundPlane<true> : RoundPlane<false>;
        round(input.at(b, y, -1), input.width + 2, p, task.stride, padded, f.in_channel, norm,
              to + static_cast<size_t>(p) * f.in_plane +
                  static_cast<size_t>(b * kBlock) * f.in_channel);
      }
    }
  }
  std::memset(db, 0, static_cast<size_t>(g.blocks() * kBlock) * sizeof(float));
  for (int y = begin; y < end; ++y) {
    for (int b = 0; b < g.blocks(); ++b) {
      RoundGradient(
          g.at(b, y, 0), g.width, f.columns,
          f.g + static_cast<size_t>(y - begin) * f.g_row + static_cast<size_t>(b) * f.g_block,
          db + b * kBlock);
    }
  }

  const MatrixTiles tiles;
  const int outputs = g.blocks() * kBlock, width = ConvTileWidth(), rows = end - begin;
  const int taps = static_cast<int>(task.taps.size());
  const size_t per_output = static_cast<size_t>(input.blocks() * kBlock * taps);
  // Column x reads column stride * x + dx + 1 of those from the halo on.
  const auto shift = [&](int dx) {
    return static_cast<size_t>((dx + 1) % planes) * f.in_plane +
           static_cast<size_t>((dx + 1) / planes);
  };
  const bool three = taps == 9;
  const size_t shifts[3] = {shift(-1), shift(0), shift(1)};
  for (int t = 0; t < taps; t += three ? 3 : 1) {
    const Tap& tap = task.taps[static_cast<size_t>(t)];
    const uint16_t* from = f.in + static_cast<size_t>(tap.dy - task.taps.front().dy) * f.in_row;
    for (int o = 0; o < outputs; o += width) {
      const int tile = std::min(width, outputs - o);
      const size_t utile = static_cast<size_t>(tile), tap_floats = utile * kBlock;
      const size_t block = tap_floats * static_cast<size_t>(taps);
      const uint16_t* gradient = f.g + static_cast<size_t>(o / kBlock) * f.g_block;
      for (int b = 0; b < input.blocks(); b += three ? 1 : 2) {
        const uint16_t* in = from + static_cast<size_t>(b * kBlock) * f.in_channel;
        float* out = dw + static_cast<size_t>(o) * per_output + static_cast<size_t>(b) * block +
                     static_cast<size_t>(t) * tap_floats;
        if (three) {
          const auto sum = tile > kBlock ? SumTapTiles<2> : SumTapTiles<1>;
          sum(f, in, shifts, task.stride, gradient, rows, out, utile, tap_floats);
        } else {
          const bool two = b + 1 < input.blocks();
          const auto sum = tile > kBlock ? (two ? SumTiles<2, 2> : SumTiles<1, 2>)
                                         : (two ? SumTiles<2, 1> : SumTiles<1, 1>);
          sum(f, in + shift(tap.dx), task.stride, gradient, rows, out, utile, block);
        }
      }
    }
  }
}

}  // namespace

void MatrixWeightGradient(const View& input, const NormStatistics* norm, int stride,
                          std::span<const Tap> taps, const View& output_gradient, int kh, int kw,
                          std::span<float> oihw, std::span<float> bias, Scratch& scratch) {
  const View& g = output_gradient;
  // Each chunk ends with sums to store and add up.
  const int rows = g.height, chunks = std::clamp(rows / 11, 1, 8);
  const int chunk_rows = (rows + chunks - 1) / chunks;
  const int in_rows = (chunk_rows - 1) * stride + taps.back().dy - taps.front().dy + 1;
  const auto count = [](int n) { return static_cast<size_t>(n); };
  const size_t outputs = count(g.blocks() * kBlock);
  const size_t per_output = count(input.blocks() * kBlock) * taps.size();
  Factors shape{};
  shape.columns = (g.width + kPixels - 1) / kPixels * kPixels;
  // Taps begin up to two columns later.
  shape.in_channel = count(shape.columns + kPixels);
  shape.in_plane = count(input.blocks() * kBlock) * shape.in_channel;
  shape.in_row = count(stride) * shape.in_plane;
  shape.g_block = count(shape.columns * kBlock);
  shape.g_row = count(g.blocks()) * shape.g_block;
  const size_t in_numbers = count(in_rows) * shape.in_row;
  const size_t chunk_floats = outputs * (per_output + 1);
  float* partial = scratch.Floats(chunk_floats * count(chunks));
  scratch.PrepareSlots((in_numbers + count(chunk_rows) * shape.g_row) / 2);
  ParallelFor(chunks, [&](int chunk) {
    Factors factors = shape;
    factors.in = reinterpret_cast<uint16_t*>(scratch.SlotFloats());
    factors.g = factors.in + in_numbers;
    float* dw = partial + chunk_floats * count(chunk);
    SumChunk({input, g, norm, stride, taps}, factors, ChunkBegin(rows, chunks, chunk),
             ChunkBegin(rows, chunks, chunk + 1), dw, dw + outputs * per_output);
  });
  SumPartialGradients({partial, chunk_floats, chunks}, g.channels, input.channels, kh, kw, taps,
                      oihw);
  for (size_t o = 0; o < bias.size(); ++o) {
    float sum = 0;
    for (int chunk = 0; chunk < chunks; ++chunk) {
      sum += partial[chunk_floats * count(chunk) + outputs * per_output + o];
    }
    bias[o] = sum;
  }
}

#else

void MatrixWeightGradient(const View&, const NormStatistics*, int, std::span<const Tap>,
                          const View&, int, int, std::span<float>, std::span<float>, Scratch&) {}

#endif  // __x86_64__

}  // namespace shadowtutor::nn
