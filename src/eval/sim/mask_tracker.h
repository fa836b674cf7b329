// Carries a label map from frame to frame along dense optical flow.
#ifndef SHADOWTUTOR_EVAL_SIM_MASK_TRACKER_H_
#define SHADOWTUTOR_EVAL_SIM_MASK_TRACKER_H_

#include <memory>

#include "shadowtutor/types.h"

namespace shadowtutor::eval {

/// The flow is dense inverse search (OpenCV's DIS, preset medium) between neighbouring frames in
/// grey, whose long side is reduced to 640 pixels if it is longer. The same frames give the same
/// flow with any number of threads. Thread safety: one thread; while Advance runs, OpenCV is
/// limited to one thread in the whole process.
class MaskTracker {
 public:
  MaskTracker();
  ~MaskTracker();

  /// Takes the next frame. Afterwards Carry moves label maps from the previous frame to this one. A
  /// frame of another size starts anew.
  void Advance(ImageView frame);

  /// Gives each pixel the label of the nearest pixel to the place that it came from; if that lies
  /// outside the frame, the label at the frame's edge. Before the second frame, and for maps of
  /// another size, nothing moves.
  void Carry(LabelMap& labels) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_SIM_MASK_TRACKER_H_
