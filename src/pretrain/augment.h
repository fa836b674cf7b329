// A training sample from pictures: a part of one, turned, mirrored, in other colours, with cut-outs
// and other pictures' objects pasted in.
#ifndef SHADOWTUTOR_PRETRAIN_AUGMENT_H_
#define SHADOWTUTOR_PRETRAIN_AUGMENT_H_

#include <functional>
#include <memory>

#include "pretrain/picture.h"
#include "pretrain/random.h"
#include "shadowtutor/types.h"

namespace shadowtutor::pretrain {

struct AugmentOptions {
  int background = -1;          // class that pasting leaves behind; -1: none
  double smallest_part = 0.12;  // of the picture's area that a sample shows; the largest is all
  double whole_share = 0.4;     // samples that show (nearly) the whole picture
  double cutout_share = 0.5;    // samples into which cut-outs are pasted, one to three
  double borrow_share = 0.25;   // samples into which another picture's objects are pasted
};

struct Sample {
  Image image;
  LabelMap label;  // kUnknown where nobody knows
};

/// Where the pictures to paste come from; they may give nullptr.
struct PasteSources {
  std::function<std::shared_ptr<const Picture>(Random&)> cutout;
  std::function<std::shared_ptr<const Picture>(Random&)> other;
};

/// Fills `sample`, of `size`. The same picture and stream give the same sample.
/// Thread safety: any thread, one per `sample`.
void MakeSample(const Picture& picture, FrameSize size, const PasteSources& paste,
                const AugmentOptions& options, Random random, Sample& sample);

}  // namespace shadowtutor::pretrain

#endif  // SHADOWTUTOR_PRETRAIN_AUGMENT_H_
