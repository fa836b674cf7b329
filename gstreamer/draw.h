// What the element does to the pixels, in place: colours over classes. (Blurring: blur.h.) Nothing
// here knows of GStreamer.
//
// Everywhere `labels` have the picture's size. In NV12 a pair of chroma belongs to four pixels, or
// to fewer at a border; it is changed by as many of them as are to be changed.
#ifndef SHADOWTUTOR_GSTREAMER_DRAW_H_
#define SHADOWTUTOR_GSTREAMER_DRAW_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "gstreamer/picture.h"
#include "shadowtutor/types.h"

namespace shadowtutor::gst {

/// A colour and how much of it covers what was there, 0..255.
struct Ink {
  uint8_t alpha = 0;
  Rgb color;
};
using Inks = std::array<Ink, 256>;  // by label

/// The classes' colours at `opacity` (0..1), and none for the background (-1: there is none).
Inks OverlayInks(const ClassList& classes, int background, double opacity);
/// One ink for the background, none for everything else.
Inks BackgroundInks(int background, Ink ink);

/// Puts its label's ink over each pixel.
void Paint(const Picture& picture, const LabelMap& labels, const Inks& inks);

/// Writes rows of BGRA, four bytes a pixel: the frame's colours, and alpha 0 for the background and
/// 255 for all other classes. Without labels, all of it is opaque.
void CutOut(ImageView frame, const LabelMap* labels, int background, uint8_t* out,
            ptrdiff_t stride);
/// Writes rows of labels, a byte each; without labels, zeros.
void WriteLabels(const LabelMap* labels, FrameSize size, uint8_t* out, ptrdiff_t stride);

}  // namespace shadowtutor::gst

#endif  // SHADOWTUTOR_GSTREAMER_DRAW_H_
