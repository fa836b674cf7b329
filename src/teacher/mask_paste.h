// From a mask to the frame's pixels: small masks laid into their boxes by the rules of those who
// trained the network, and planes of the network's size read between their pixels.
#ifndef SHADOWTUTOR_TEACHER_MASK_PASTE_H_
#define SHADOWTUTOR_TEACHER_MASK_PASTE_H_

#include <cstdint>
#include <span>

#include "shadowtutor/types.h"
#include "teacher/instances.h"

namespace shadowtutor::teacher {

/// A plane of `size`, row by row.
struct Plane {
  const float* values = nullptr;
  FrameSize size;
};

/// As torchvision's paste_masks_in_image: mask and box are grown by one mask pixel on each side,
/// the box is cut to whole pixels, its last ones included, and the mask resized to that; set is
/// what is above `threshold`.
void PasteLikeTorchvision(const Plane& mask, const BoxF& box, float threshold, uint8_t label,
                          LabelMap& labels);

/// As Detectron2's paste_masks_in_image: each pixel's centre is looked up between the mask's
/// pixels, 0 beyond them; set is what is at least `threshold`.
void PasteLikeDetectron2(const Plane& mask, const BoxF& box, float threshold, uint8_t label,
                         LabelMap& labels);

/// A plane that covers the whole input of `placement`: each pixel of the frame within `box` is
/// looked up between the plane's, the border's values serving beyond it; set is what is above
/// `threshold`.
void PasteWhole(const Plane& plane, const Placement& placement, const Box& box, float threshold,
                uint8_t label, LabelMap& labels);

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_MASK_PASTE_H_
