// How steady labels are from frame to frame.
#ifndef SHADOWTUTOR_EVAL_SIM_STABILITY_H_
#define SHADOWTUTOR_EVAL_SIM_STABILITY_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "shadowtutor/types.h"

namespace shadowtutor::eval {

/// Measures the share of pixels that change their class and change back within three frames. A
/// pixel counts in frame t if its class is not that of frame t-1, but that of frame t-2 or t-3.
/// Something that moves past changes classes, too, but rarely back so soon. Thread safety: one
/// thread.
class Stability {
 public:
  /// Takes the next frame's labels. Those of another size begin anew: they are not compared with
  /// what came before.
  void Add(const LabelMap& labels);

  /// 0..1, the mean over the frames that had two frames before them; 0 where none had.
  double flicker() const;

 private:
  std::array<LabelMap, 3> last_;  // of frame t at t % 3
  uint64_t since_ = 0;            // frames of this size so far
  uint64_t counted_ = 0;          // frames that `sum_` is over
  double sum_ = 0;
};

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_SIM_STABILITY_H_
