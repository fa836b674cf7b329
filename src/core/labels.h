// What is asked of a label map's bytes in several rooms.
#ifndef SHADOWTUTOR_CORE_LABELS_H_
#define SHADOWTUTOR_CORE_LABELS_H_

#include <algorithm>
#include <cstdint>
#include <span>

namespace shadowtutor {

/// The highest label; 0 if there are none.
inline uint8_t HighestLabel(std::span<const uint8_t> labels) {
  // A plain loop, because compilers vectorise it, unlike std::max_element.
  uint8_t highest = 0;
  for (const uint8_t label : labels) highest = std::max(highest, label);
  return highest;
}

}  // namespace shadowtutor

#endif  // SHADOWTUTOR_CORE_LABELS_H_
