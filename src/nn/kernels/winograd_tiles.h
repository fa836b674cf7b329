// The tiles of Winograd's filtering F(4x4, 3x3), which convolutions and the gradients of their
// weights share. Internal to the kernels.
#ifndef SHADOWTUTOR_NN_KERNELS_WINOGRAD_TILES_H_
#define SHADOWTUTOR_NN_KERNELS_WINOGRAD_TILES_H_

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "nn/kernels/tensor.h"

namespace shadowtutor::nn {

inline constexpr int kWinogradOut = 4;  // side of a tile in the output
inline constexpr int kWinogradIn = 6;   // side of a tile in the input
inline constexpr int kWinogradPoints = kWinogradIn * kWinogradIn;

/// The tiles [first, first + count) of one row of tiles.
struct TileRange {
  int row, first, count;
};

/// The floats from one point to the next, where a point has `floats` floats, whole blocks. It is an
/// odd number of cache lines, so that the transforms, which go through all points side by side,
/// find them in different sets of the first-level cache.
constexpr size_t PointStep(size_t floats) {
  return (floats / static_cast<size_t>(kBlock) | 1) * static_cast<size_t>(kBlock);
}

/// The pixels of one tile in one block, rows `row` floats apart.
struct TilePixels {
  const float* pixels;
  size_t row;
};
/// Those of the `side` x `side` tile whose first pixel is (y0, x0) of block `b`. What lies at or
/// beyond row `end_y` or column `end_x` counts as zero; if there is such a pixel, the tile is
/// copied to `patch`, side * side * 16 floats.
inline TilePixels PixelsOfTile(const View& view, int b, int y0, int x0, int side, int end_y,
                               int end_x, float* patch) {
  const float* from = view.at(b, y0, x0);
  const int rows = std::min(side, end_y - y0), columns = std::min(side, end_x - x0);
  if (rows == side && columns == side) return {from, view.row()};
  const size_t row = static_cast<size_t>(side) * kBlock;
  std::memset(patch, 0, static_cast<size_t>(side) * row * sizeof(float));
  for (int r = 0; r < rows; ++r) {
    std::memcpy(patch + static_cast<size_t>(r) * row, from + static_cast<size_t>(r) * view.row(),
                static_cast<size_t>(columns) * kBlock * sizeof(float));
  }
  return {patch, row};
}

/// Transforms a range of tiles of a convolution's input (B^T d B) to the first `count` tiles of
/// points[point][block][tile][16], where a block has room for `room` tiles and points are
/// PointStep(blocks * room * 16) apart.
void InputPoints(const View& in, const TileRange& tiles, int room, float* points);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_WINOGRAD_TILES_H_
