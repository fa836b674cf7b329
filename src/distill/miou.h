// Mean intersection over union of one frame (algorithm section 3).
#ifndef SHADOWTUTOR_DISTILL_MIOU_H_
#define SHADOWTUTOR_DISTILL_MIOU_H_

#include "shadowtutor/types.h"

namespace shadowtutor::distill {

/// Mean over the classes that occur in either map of |intersection| / |union|; background counts.
/// Both maps must have one size. Values at or over `classes` throw Error kInvalidArgument.
double MeanIoU(const LabelMap& prediction, const LabelMap& label, int classes);

}  // namespace shadowtutor::distill

#endif  // SHADOWTUTOR_DISTILL_MIOU_H_
