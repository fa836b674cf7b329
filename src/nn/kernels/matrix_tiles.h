// What kernels for the matrix unit share: its instructions, and bfloat16. Internal to the kernels;
// empty but on x86-64.
#ifndef SHADOWTUTOR_NN_KERNELS_MATRIX_TILES_H_
#define SHADOWTUTOR_NN_KERNELS_MATRIX_TILES_H_

#if defined(__x86_64__)

#include <immintrin.h>

#include <cstdint>

/// For functions that use the unit's instructions. They run only where HasMatrixUnit().
#define ST_MATRIX_UNIT \
  __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,amx-tile,amx-bf16")))

namespace shadowtutor::nn {

/// All eight tiles have 16 rows of 64 bytes.
struct alignas(64) MatrixTileShapes {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
static_assert(sizeof(MatrixTileShapes) == 64);
inline constexpr MatrixTileShapes kMatrixTileShapes;

/// While it lives, the calling thread may use the tiles. Without it, every switch to another thread
/// would have to save them.
class MatrixTiles {
 public:
  ST_MATRIX_UNIT MatrixTiles() {
    _tile_loadconfig(&kMatrixTileShapes);
    // GCC does not know that tiles are loaded from memory: stores before this line must be done
    // before a tile is loaded. Later stores need a line like this of their own.
    __asm__ volatile("" ::: "memory");
  }
  ST_MATRIX_UNIT ~MatrixTiles() { _tile_release(); }
  MatrixTiles(const MatrixTiles&) = delete;
  MatrixTiles& operator=(const MatrixTiles&) = delete;
};

/// `first` and `second`, rounded, as 16 pairs: first[0], second[0], first[1], second[1], ...
ST_MATRIX_UNIT inline __m512i Pairs(__m512 first, __m512 second) {
  const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24,
                                         8, 23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  const __m512i both = reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(second, first));
  return _mm512_permutexvar_epi16(order, both);
}

}  // namespace shadowtutor::nn

#endif  // __x86_64__
#endif  // SHADOWTUTOR_NN_KERNELS_MATRIX_TILES_H_
