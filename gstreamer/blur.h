// Blurs the background of a picture. Nothing here knows of GStreamer.
#ifndef SHADOWTUTOR_GSTREAMER_BLUR_H_
#define SHADOWTUTOR_GSTREAMER_BLUR_H_

#include <cstdint>
#include <vector>

#include "gstreamer/picture.h"
#include "shadowtutor/types.h"

namespace shadowtutor::gst {

inline constexpr int kMaxBlurRadius = 128;  // pixels

/// Two box filters one after the other, over pixels of the background alone: nothing of the
/// foreground bleeds into it (but the chroma of NV12 that both share at the edge). The time for a
/// frame does not depend on the radius.
///
/// Thread safety: one thread at a time.
class BackgroundBlur {
 public:
  /// Blurs the pixels with label `background` in place (-1: none). `radius`: 1..kMaxBlurRadius
  /// pixels to each side; in NV12 chroma has half of it.
  void Apply(const Picture& picture, const LabelMap& labels, int background, int radius);

 private:
  // A plane of interleaved samples, with as many pixels as `weights_`.
  struct Plane {
    uint8_t* data;
    ptrdiff_t stride;
    int width, height;
    int step, channels;  // bytes a pixel, and how many of them count
  };
  void BlurPlane(const Plane& plane, int radius);
  template <int kChannels>
  void Pass(const Plane& plane, int radius);
  void AddRow(const Plane& plane, int y, uint32_t sign);

  // How many of a sample's pixels are background, and of how many.
  std::vector<uint8_t> weights_, pixels_;
  std::vector<uint8_t> source_;          // of a pass: the plane's samples without gaps
  std::vector<uint32_t> sums_, counts_;  // of the columns within the radius of a row
};

}  // namespace shadowtutor::gst

#endif  // SHADOWTUTOR_GSTREAMER_BLUR_H_
