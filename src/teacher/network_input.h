// Makes the input of a network from a frame, and tells how coordinates in the input and in the
// frame correspond.
//
// Thread safety: any thread.
#ifndef SHADOWTUTOR_TEACHER_NETWORK_INPUT_H_
#define SHADOWTUTOR_TEACHER_NETWORK_INPUT_H_

#include <vector>

#include "shadowtutor/types.h"
#include "teacher/model_card.h"

namespace shadowtutor::teacher {

/// The place of the frame in the network's input. On each axis, a coordinate in the input is that
/// in the frame times the scale plus the offset (left, top). Coordinates are continuous: pixel 0
/// covers 0 to 1.
struct Placement {
  FrameSize frame;
  FrameSize input;
  double scale_x = 1, scale_y = 1;
  double left = 0, top = 0;

  bool identity() const { return scale_x == 1 && scale_y == 1 && left == 0 && top == 0; }
};

/// The placement of a frame of this size by `spec.fit`. Throws Error kInvalidArgument for a frame
/// that is empty or over kMaxFrameSide.
Placement PlaceFrame(FrameSize frame, const InputSpec& spec);

/// The network's input, [1,3,height,width] floats. The frame is resized to its place: with
/// INTER_AREA if a side gets smaller, else with INTER_LINEAR; for a letterbox always with
/// INTER_LINEAR, as in Ultralytics. Then every channel, in the spec's order, becomes
/// (value * scale - mean) / std.
std::vector<float> NetworkInput(ImageView frame, const InputSpec& spec, const Placement& placement);

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_NETWORK_INPUT_H_
