// Carries a label map from frame to frame along dense optical flow.
#ifndef SHADOWTUTOR_EVAL_SIM_MASK_TRACKER_H_
#define SHADOWTUTOR_EVAL_SIM_MASK_TRACKER_H_

#include <memory>

#include "shadowtutor/types.h"

namespace shadowtutor::eval {

/// Dense inverse search (OpenCV's DIS, preset medium) between neighbouring frames, grey, with the
/// long side reduced to 640 pixels where it is more. The same frames give the same flow with any
/// number of threads. Thread safety: one thread; while Advance runs, OpenCV is limited to one
/// thread in the whole process.
class MaskTracker {
 public:
  MaskTracker();
  ~MaskTracker();

  /// Takes the next frame. Afterwards Carry moves maps from the frame before to this one. A frame
  /// of another size starts anew.
  void Advance(ImageView frame);

  /// Each pixel takes the label of the place that it came from, to the nearest pixel; what came
  /// from outside the frame takes the label at its rim. Before the second frame, and for maps of
  /// another size, nothing moves.
  void Carry(LabelMap& labels) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_SIM_MASK_TRACKER_H_
