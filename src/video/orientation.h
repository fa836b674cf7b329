// How a stored picture must be turned to be upright. Internal to video/.
#ifndef SHADOWTUTOR_VIDEO_ORIENTATION_H_
#define SHADOWTUTOR_VIDEO_ORIENTATION_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "shadowtutor/types.h"

namespace shadowtutor::video::internal {

/// One of the eight ways to turn and mirror a picture: first its rows become columns (`transpose`,
/// so that its width and height change places), then the result is mirrored.
struct Orientation {
  bool transpose = false;
  bool mirror_x = false;  // left becomes right
  bool mirror_y = false;  // top becomes bottom

  bool operator==(const Orientation&) const = default;
};

/// From the display matrix of a stream or a frame (3 rows of 3 numbers, of which those in the last
/// column are irrelevant; libavutil/display.h). Other angles become the nearest multiple of 90
/// degrees.
Orientation FromDisplayMatrix(std::span<const int32_t, 9> matrix);
/// From the tag Orientation of EXIF (TIFF 6.0, page 36): 1 to 8; other values stand for 1.
Orientation FromExif(int value);

/// The size of a picture after it was turned.
FrameSize UprightSize(FrameSize stored, Orientation orientation);

/// Writes the picture upright to `upright`, which gets UprightSize of it. The pixels have 3 bytes
/// and `stride` is the distance of rows in bytes.
void TurnUpright(const uint8_t* pixels, FrameSize size, ptrdiff_t stride, Orientation orientation,
                 Image& upright);

}  // namespace shadowtutor::video::internal

#endif  // SHADOWTUTOR_VIDEO_ORIENTATION_H_
