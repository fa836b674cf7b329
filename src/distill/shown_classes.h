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
  /// Remembers so many labels (Policy::shown_labels); 0: every class is shown. A class occurs in a
  /// label if it has this share of its pixels (Policy::shown_area), and at least one; its largest
  /// class always does.
  explicit ShownClasses(int labels, double area = 0) : most_(labels), area_(area) {}

  /// Takes the label of the next key frame. Returns the classes that the device shows from now on,
  /// ascending; empty if all are shown.
  std::vector<uint8_t> After(const LabelMap& label);

 private:
  int most_;
  double area_;
  std::deque<std::bitset<256>> labels_;
};

}  // namespace shadowtutor::distill

#endif  // SHADOWTUTOR_DISTILL_SHOWN_CLASSES_H_
