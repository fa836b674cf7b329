// The tiles of Winograd's filtering F(4x4, 3x3), which convolutions and the gradients of their
// weights share. Internal to the kernels.
#ifndef SHADOWTUTOR_NN_KERNELS_WINOGRAD_TILES_H_
#define SHADOWTUTOR_NN_KERNELS_WINOGRAD_TILES_H_

#include <cstddef>

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

/// Transforms a range of tiles of a convolution's input (B^T d B) to the first `count` tiles of
/// points[point][block][tile][16], where a block has room for `room` tiles and points are
/// PointStep(blocks * room * 16) apart.
void InputPoints(const View& in, const TileRange& tiles, int room, float* points);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_WINOGRAD_TILES_H_
