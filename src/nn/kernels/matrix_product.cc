#include <algorithm>
#include <cstdint>
#include <cstring>

#include "nn/kernels/matrix_tiles.h"
#include "nn/kernels/matrix_unit.h"
#include "nn/kernels/product.h"

namespace shadowtutor::nn {
namespace {

constexpr int kSide = 16;  // rows and columns of a tile of sums

int RoundedUp(int count, int step) { return (count + step - 1) / step * step; }

}  // namespace

size_t MatrixProductFloats(int m, int n, int k) {
  const int depth = RoundedUp(k, kMatrixChannels);
  return static_cast<size_t>(depth) *
         static_cast<size_t>(RoundedUp(m, kSide) + RoundedUp(n, kSide)) / 2;
}

#if defined(__x86_64__)

namespace {

// a as rows of `depth` numbers, those past a's rows and columns zero.
ST_MATRIX_UNIT void RoundRows(const Product& p, int depth, uint16_t* to) {
  for (int row = 0; row < RoundedUp(p.m, kSide); ++row) {
    const float* from = p.a + static_cast<size_t>(row) * p.a_stride;
    for (int k = 0; k < depth; k += kMatrixChannels, to += kMatrixChannels) {
      const int left = row < p.m ? std::clamp(p.k - k, 0, kMatrixChannels) : 0;
      const uint32_t mask = left == 32 ? ~0u : (1u << left) - 1;
      const __m512 low = _mm512_maskz_loadu_ps(static_cast<__mmask16>(mask), from + k);
      const __m512 high =
          _mm512_maskz_loadu_ps(static_cast<__mmask16>(mask >> 16), from + k + kSide);
      _mm512_storeu_si512(to, reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low)));
    }
  }
}

// b as [16 columns][pair of rows][column][2], its rows past the last one zero.
ST_MATRIX_UNIT void RoundColumns(const Product& p, int depth, uint16_t* to) {
  const __m512 zero = _mm512_setzero_ps();
  for (int column = 0; column < p.n; column += kSide) {
    for (int k = 0; k < depth; k += 2, to += 2 * kSide) {
      const float* from = p.b + static_cast<size_t>(k) * p.b_stride + column;
      const __m512 first = k < p.k ? _mm512_loadu_ps(from) : zero;
      const __m512 second = k + 1 < p.k ? _mm512_loadu_ps(from + p.b_stride) : zero;
      _mm512_storeu_si512(to, Pairs(first, second));
    }
  }
}

// 16 x 16 sums, from (row, column) on.
ST_MATRIX_UNIT void SumTile(const Product& p, int depth, const uint16_t* a, const uint16_t* b,
                            int row, int column) {
  alignas(64) float part[kSide * kSide];
  float* c = p.c + static_cast<size_t>(row) * p.c_stride + column;
  const int rows = std::min(kSide, p.m - row);
  const bool whole = rows == kSide;
  const size_t row_bytes = (whole ? p.c_stride : kSide) * sizeof(float);
  float* to = whole ? c : part;
  if (!p.accumulate) {
    _tile_zero(0);
  } else {
    for (int r = 0; !whole && r < rows; ++r) {
      std::memcpy(part + r * kSide, c + static_cast<size_t>(r) * p.c_stride, kSide * sizeof(float));
    }
    __asm__ volatile("" ::: "memory");  // as in MatrixTiles
    _tile_loadd(0, to, row_bytes);
  }
  const size_t a_bytes = static_cast<size_t>(depth) * sizeof(uint16_t);
  for (int k = 0; k < depth; k += kMatrixChannels) {
    _tile_loadd(1, a + k, a_bytes);
    _tile_loadd(2, b + k * kSide, 64);
    _tile_dpbf16ps(0, 1, 2);
  }
  _tile_stored(0, to, row_bytes);
  for (int r = 0; !whole && r < rows; ++r) {
    std::memcpy(c + static_cast<size_t>(r) * p.c_stride, part + r * kSide, kSide * sizeof(float));
  }
}

}  // namespace

ST_MATRIX_UNIT void MultiplyOnMatrixUnit(const Product& p, float* working) {
  const int depth = RoundedUp(p.k, kMatrixChannels);
  auto* a = reinterpret_cast<uint16_t*>(working);
  uint16_t* b = a + static_cast<size_t>(RoundedUp(p.m, kSide)) * static_cast<size_t>(depth);
  RoundRows(p, depth, a);
  RoundColumns(p, depth, b);
  const MatrixTiles tiles;
  for (int column = 0; column < p.n; column += kSide) {
    const uint16_t* columns = b + static_cast<size_t>(column) * static_cast<size_t>(depth);
    for (int row = 0; row < p.m; row += kSide) {
      SumTile(p, depth, a + static_cast<size_t>(row) * static_cast<size_t>(depth), columns, row,
              column);
    }
  }
}

#else

void MultiplyOnMatrixUnit(const Product&, float*) {}

#endif  // __x86_64__

}  // namespace shadowtutor::nn
