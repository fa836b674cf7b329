// Mean intersection over union of one frame (algorithm section 3).
#ifndef SHADOWTUTOR_DISTILL_MIOU_H_
#define SHADOWTUTOR_DISTILL_MIOU_H_

#include "shadowtutor/types.h"

namespace shadowtutor::distill {

/// The mean of |intersection| / |union| over the classes that occur in at least one of the maps;
/// background counts like any class. Throws Error kInvalidArgument when the maps are empty or
/// differ in size, or when a value is not below `classes`. Thread safety: any thread.
double MeanIoU(const LabelMap& prediction, const LabelMap& label, int classes);

}  // namespace shadowtutor::distill

#endif  // SHADOWTUTOR_DISTILL_MIOU_H_
