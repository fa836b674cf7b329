// Which classes the device shows: those that the teacher has seen lately.
#ifndef SHADOWTUTOR_DISTILL_SHOWN_CLASSES_H_
#define SHADOWTUTOR_DISTILL_SHOWN_CLASSES_H_

#include <bitset>
#include <cstdint>
#include <deque>
#include <vector>

#include "shadowtutor/types.h"

namespace shadowtutor::distill {

/// The classes of the last key frames' labels. Thread safety: one thread at a time.
class ShownClasses {
 public:
  /// Remembers so many labels (Policy::shown_labels); 0: every class is shown.
  explicit ShownClasses(int labels) : most_(labels) {}

  /// Takes the label of the next key frame. Returns the classes that the device shows from now on,
  /// ascending; empty if all are shown.
  std::vector<uint8_t> After(const LabelMap& label);

 private:
  int most_;
  std::deque<std::bitset<256>> labels_;
};

}  // namespace shadowtutor::distill

#endif  // SHADOWTUTOR_DISTILL_SHOWN_CLASSES_H_
