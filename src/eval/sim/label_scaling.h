// Pictures and label maps in another size, for strategies that send frames reduced.
#ifndef SHADOWTUTOR_EVAL_SIM_LABEL_SCALING_H_
#define SHADOWTUTOR_EVAL_SIM_LABEL_SCALING_H_

#include "shadowtutor/types.h"

namespace shadowtutor::eval {

/// `size` reduced to `width`, in pixels, with the same aspect ratio; unchanged where it is not
/// wider, and for a width of 0.
FrameSize ReducedTo(int width, FrameSize size);

// Thread safety: any thread. The result does not depend on the number of threads.

/// The picture in another size: averaged where that is smaller, interpolated by cubic splines where
/// it is larger.
Image Scaled(ImageView picture, FrameSize size);

/// The label map in another size. To a smaller one, each pixel gets the label in its middle, which
/// keeps thin things that a majority would wipe out. To a larger one, each class's mask is
/// interpolated linearly, and a pixel gets the class with the largest share: edges are smooth,
/// where the nearest pixel makes stairs.
LabelMap Scaled(const LabelMap& labels, FrameSize size);

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_SIM_LABEL_SCALING_H_
