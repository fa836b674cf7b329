// From a frame to what a network is fed, and back from the network's pixels to the frame's.
#ifndef SHADOWTUTOR_TEACHER_NETWORK_INPUT_H_
#define SHADOWTUTOR_TEACHER_NETWORK_INPUT_H_

#include <vector>

#include "shadowtutor/types.h"
#include "teacher/model_card.h"

namespace shadowtutor::teacher {

/// Where the frame lies in the network's input: input = frame * scale + offset, on each axis, in
/// continuous coordinates in which pixel 0 covers 0 to 1.
struct Placement {
  FrameSize frame;
  FrameSize input;
  double scale_x = 1, scale_y = 1;
  double left = 0, top = 0;

  bool identity() const { return scale_x == 1 && scale_y == 1 && left == 0 && top == 0; }
};

/// The frame's size within the input, and the input's size, as the spec's `fit` has them. Throws
/// Error kInvalidArgument for a frame that is empty or over kMaxFrameSide.
Placement PlaceFrame(FrameSize frame, const InputSpec& spec);

/// What the network is fed: [1,3,height,width] floats. The frame is resized to its place (shrunk
/// with INTER_AREA where a side gets smaller and enlarged with INTER_LINEAR otherwise; always
/// INTER_LINEAR for a letterbox, as Ultralytics does), then every channel, in the spec's order,
/// becomes (value * scale - mean) / std.
std::vector<float> NetworkInput(ImageView frame, const InputSpec& spec, const Placement& placement);

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_NETWORK_INPUT_H_
