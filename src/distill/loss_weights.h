// The loss's weight map: 5 in and around every teacher instance, 1 elsewhere (algorithm section 3).
#ifndef SHADOWTUTOR_DISTILL_LOSS_WEIGHTS_H_
#define SHADOWTUTOR_DISTILL_LOSS_WEIGHTS_H_

#include <span>
#include <vector>

#include "shadowtutor/types.h"

namespace shadowtutor::distill {

inline constexpr float kInstanceWeight = 5.0f;

/// Boxes of the 8-connected components of each class other than `background` (-1: none is).
std::vector<Box> ComponentBoxes(const LabelMap& label, int background);

/// One weight per pixel, row by row: kInstanceWeight inside the boxes grown by 15 % (7.5 % a side,
/// truncated, clamped to the frame, last row and column included), 1 elsewhere.
std::vector<float> LossWeights(FrameSize size, std::span<const Box> instances);

}  // namespace shadowtutor::distill

#endif  // SHADOWTUTOR_DISTILL_LOSS_WEIGHTS_H_
