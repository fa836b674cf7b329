#include "video/orientation.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace shadowtutor::video::internal {

Orientation FromDisplayMatrix(std::span<const int32_t, 9> matrix) {
  // A point (x, y) of the stored picture is shown at (a x + c y, b x + d y).
  const int64_t a = matrix[0], b = matrix[1], c = matrix[3], d = matrix[4];
  if (std::abs(a) + std::abs(d) >= std::abs(b) + std::abs(c)) {
    return {.transpose = false, .mirror_x = a < 0, .mirror_y = d < 0};
  }
  return {.transpose = true, .mirror_x = c < 0, .mirror_y = b < 0};
}

Orientation FromExif(int value) {
  switch (value) {
    case 2:
      return {.transpose = false, .mirror_x = true, .mirror_y = false};
    case 3:
      return {.transpose = false, .mirror_x = true, .mirror_y = true};
    case 4:
      return {.transpose = false, .mirror_x = false, .mirror_y = true};
    case 5:
      return {.transpose = true, .mirror_x = false, .mirror_y = false};
    case 6:
      return {.transpose = true, .mirror_x = true, .mirror_y = false};
    case 7:
      return {.transpose = true, .mirror_x = true, .mirror_y = true};
    case 8:
      return {.transpose = true, .mirror_x = false, .mirror_y = true};
    default:
      return {};
  }
}

FrameSize UprightSize(FrameSize stored, Orientation orientation) {
  return orientation.transpose ? FrameSize{stored.height, stored.width} : stored;
}

void TurnUpright(const uint8_t* pixels, FrameSize size, ptrdiff_t stride, Orientation orientation,
                 Image& upright) {
  const FrameSize turned = UprightSize(size, orientation);
  if (upright.size() != turned) upright = Image(turned.width, turned.height);
  // Where in the stored picture the upright one's first pixel is, and how far from there its next
  // pixel and its next row are.
  ptrdiff_t next_pixel = 3, next_row = stride;
  if (orientation.transpose) std::swap(next_pixel, next_row);
  const uint8_t* first = pixels;
  if (orientation.mirror_x) {
    first += next_pixel * (turned.width - 1);
    next_pixel = -next_pixel;
  }
  if (orientation.mirror_y) {
    first += next_row * (turned.height - 1);
    next_row = -next_row;
  }
  if (next_pixel == 3) {
    for (int y = 0; y < turned.height; ++y) {
      std::memcpy(upright.row(y), first + next_row * y, static_cast<size_t>(turned.width) * 3);
    }
    return;
  }
  // In squares, because a transposed picture would need a new cache line for every pixel.
  constexpr int kSquare = 32;
  for (int top = 0; top < turned.height; top += kSquare) {
    const int bottom = std::min(top + kSquare, turned.height);
    for (int left = 0; left < turned.width; left += kSquare) {
      const int right = std::min(left + kSquare, turned.width);
      for (int y = top; y < bottom; ++y) {
        const uint8_t* from = first + next_row * y + next_pixel * left;
        uint8_t* to = upright.row(y) + 3 * left;
        for (int x = left; x < right; ++x, from += next_pixel, to += 3) {
          to[0] = from[0];
          to[1] = from[1];
          to[2] = from[2];
        }
      }
    }
  }
}

}  // namespace shadowtutor::video::internal
