// Makes training samples from pictures: takes a part of a picture, turns and mirrors it, changes
// its colours, and pastes in cut-outs and objects of other pictures.
#ifndef SHADOWTUTOR_PRETRAIN_AUGMENT_H_
#define SHADOWTUTOR_PRETRAIN_AUGMENT_H_

#include <functional>
#include <memory>

#include "pretrain/picture.h"
#include "pretrain/random.h"
#include "shadowtutor/types.h"

namespace shadowtutor::pretrain {

struct AugmentOptions {
  int background = -1;          // class that is not pasted from other pictures; -1: none
  double smallest_part = 0.12;  // smallest share of a picture's area that a sample shows
  double whole_share = 0.4;     // share of samples that show (nearly) the whole picture
  double cutout_share = 0.5;    // share of samples into which one to three cut-outs are pasted
  double borrow_share = 0.25;   // share of samples into which another picture's objects are pasted
};

struct Sample {
  Image image;
  LabelMap label;  // kUnknown for pixels whose class is not known
};

/// Functions that return a random picture to paste from, or nullptr.
struct PasteSources {
  std::function<std::shared_ptr<const Picture>(Random&)> cutout;
  std::function<std::shared_ptr<const Picture>(Random&)> other;
};

/// Makes a sample of `size` pixels from `picture`. The same arguments give the same sample. Thread
/// safety: any thread; each thread needs its own `sample`.
void MakeSample(const Picture& picture, FrameSize size, const PasteSources& paste,
                const AugmentOptions& options, Random random, Sample& sample);

}  // namespace shadowtutor::pretrain

#endif  // SHADOWTUTOR_PRETRAIN_AUGMENT_H_
