// What several rooms ask of labels.
#ifndef SHADOWTUTOR_CORE_LABELS_H_
#define SHADOWTUTOR_CORE_LABELS_H_

#include <algorithm>
#include <cstdint>
#include <span>

#include "shadowtutor/types.h"

namespace shadowtutor {

/// The highest label; 0 if there are none.
inline uint8_t HighestLabel(std::span<const uint8_t> labels) {
  // A plain loop, because compilers vectorise it, unlike std::max_element.
  uint8_t highest = 0;
  for (const uint8_t label : labels) highest = std::max(highest, label);
  return highest;
}

/// Whether a box has pixels, all of them within a frame of this size.
inline bool LiesWithin(const Box& box, FrameSize size) {
  return box.x >= 0 && box.y >= 0 && box.width > 0 && box.height > 0 &&
         box.x <= size.width - box.width && box.y <= size.height - box.height;
}

}  // namespace shadowtutor

#endif  // SHADOWTUTOR_CORE_LABELS_H_
