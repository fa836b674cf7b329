// The weight of each pixel in the loss: 5 in and around every instance that the teacher found, 1
// elsewhere (algorithm section 3).
//
// Thread safety: any thread.
#ifndef SHADOWTUTOR_DISTILL_LOSS_WEIGHTS_H_
#define SHADOWTUTOR_DISTILL_LOSS_WEIGHTS_H_

#include <span>
#include <vector>

#include "shadowtutor/types.h"

namespace shadowtutor::distill {

inline constexpr float kInstanceWeight = 5.0f;

/// The bounding boxes, in pixels, of the 8-connected components of every class but `background`
/// (-1: there is no background class).
std::vector<Box> ComponentBoxes(const LabelMap& label, int background);

/// One weight per pixel, row by row: `instance_weight` inside the grown boxes, 1 elsewhere. Each
/// box grows by 7.5 % of its width or height on every side; its edges are truncated to whole
/// pixels, clamped to the frame, and the last row and column count as inside.
std::vector<float> LossWeights(FrameSize size, std::span<const Box> instances,
                               float instance_weight = kInstanceWeight);

}  // namespace shadowtutor::distill

#endif  // SHADOWTUTOR_DISTILL_LOSS_WEIGHTS_H_
