// Paints masks into a label map: small masks that belong into their boxes, by the rules of the
// libraries that the networks come from, and masks that cover the network's whole input.
//
// Thread safety: any thread.
#ifndef SHADOWTUTOR_TEACHER_MASK_PASTE_H_
#define SHADOWTUTOR_TEACHER_MASK_PASTE_H_

#include <cstdint>
#include <span>

#include "shadowtutor/types.h"
#include "teacher/instances.h"

namespace shadowtutor::teacher {

/// A plane of floats, row by row. Does not own them.
struct Plane {
  const float* values = nullptr;
  FrameSize size;
};

/// Pastes a mask into its box as torchvision's paste_masks_in_image does: grows mask and box by one
/// mask pixel on each side, truncates the box to whole pixels, including the last ones, and resizes
/// the mask to it. Pixels above `threshold` get `label`.
void PasteLikeTorchvision(const Plane& mask, const BoxF& box, float threshold, uint8_t label,
                          LabelMap& labels);

/// Pastes a mask into its box as Detectron2's paste_masks_in_image does: interpolates the mask at
/// the centre of each pixel; outside of the mask it is 0. Pixels with at least `threshold` get
/// `label`.
void PasteLikeDetectron2(const Plane& mask, const BoxF& box, float threshold, uint8_t label,
                         LabelMap& labels);

/// Paints a mask `plane` that covers the whole input of `placement`: interpolates it at the centre
/// of each pixel of the frame in `box`; outside of the plane, its border values continue. Pixels
/// above `threshold` get `label`.
void PasteWhole(const Plane& plane, const Placement& placement, const Box& box, float threshold,
                uint8_t label, LabelMap& labels);

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_MASK_PASTE_H_
