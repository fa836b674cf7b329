// What a plan can measure on this machine besides the student: the teacher, and what frames weigh
// as JPEG.
#ifndef SHADOWTUTOR_EVAL_PLAN_PLAN_MEASUREMENTS_H_
#define SHADOWTUTOR_EVAL_PLAN_PLAN_MEASUREMENTS_H_

#include <functional>
#include <vector>

#include "shadowtutor/types.h"
#include "teacher/teacher.h"
#include "video/source.h"
#include "wire/key_frame_codec.h"

namespace shadowtutor::eval {

/// A frame and its place in the source, which replayed labels go by.
struct SampledFrame {
  Image frame;
  uint64_t index = 0;
};

/// Asked between two frames; true ends the work with Error kCancelled.
using StopFunction = std::function<bool()>;

/// Every `every`th frame from the source's start, `most` at most. Throws Error kInvalidArgument for
/// a source without frames.
std::vector<SampledFrame> SampleFrames(video::Source& source, int most, int every,
                                       const StopFunction& stop);

/// The median time of a label in milliseconds: each frame once at least (after one more, to warm
/// up), and again for about `seconds` in all. `frames` must not be empty. Throws what Label throws.
double MeasureTeacher(teacher::Teacher& teacher, const std::vector<SampledFrame>& frames,
                      double seconds, const StopFunction& stop);

/// The mean size in bytes as key frames.
double MeanKeyFrameBytes(const std::vector<SampledFrame>& frames, wire::FrameCodec codec,
                         const wire::KeyFrameQuality& quality);

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_PLAN_PLAN_MEASUREMENTS_H_
