// How much of the picture has changed since a reference frame: what the device can tell without a
// network.
#ifndef SHADOWTUTOR_DISTILL_SCENE_CHANGE_H_
#define SHADOWTUTOR_DISTILL_SCENE_CHANGE_H_

#include <cstdint>
#include <vector>

#include "shadowtutor/types.h"

namespace shadowtutor::distill {

/// Compares frames by the mean colours of their blocks of 16x16 pixels, for which every second
/// pixel of every second row is read. Thread safety: one thread at a time.
class SceneChange {
 public:
  /// From now on frames are compared with this one.
  void SetReference(ImageView frame);
  /// The share (0..1) of blocks whose mean differs from the reference by more than 15 of 255 in
  /// some channel. 1 for a frame of another size, and without a reference.
  double Share(ImageView frame);

 private:
  std::vector<uint16_t> reference_, now_;  // [block][channel], sums over the pixels that are read
  FrameSize size_;
};

}  // namespace shadowtutor::distill

#endif  // SHADOWTUTOR_DISTILL_SCENE_CHANGE_H_
