// Instances that a network found in a frame, and how they become one label map.
#ifndef SHADOWTUTOR_TEACHER_INSTANCES_H_
#define SHADOWTUTOR_TEACHER_INSTANCES_H_

#include <functional>
#include <span>
#include <vector>

#include "shadowtutor/types.h"
#include "teacher/decode.h"
#include "teacher/model_card.h"
#include "teacher/network_input.h"

namespace shadowtutor::teacher {

/// Edges in pixels, continuous: pixel 0 covers 0 to 1.
struct BoxF {
  float x0 = 0, y0 = 0, x1 = 0, y1 = 0;
};

struct Instance {
  BoxF box;       // in the frame
  int label = 0;  // index into the card's classes
  float score = 0;
  int index = 0;  // among the network's own
};

/// What a frame's instances amount to.
struct InstanceLabels {
  LabelMap label;                   // in the card's classes
  std::vector<Instance> instances;  // those above the score threshold, the surest first
  int candidates = 0;               // that the network put out, whatever their score
  float best_score = 0;             // of all candidates
};

/// Which of a mask's pixels are set: called for rows and columns of the frame.
using MaskPainter = std::function<void(const Instance& instance, LabelMap& labels)>;

/// Keeps instances above the threshold and paints them from the least sure to the surest, so that
/// the surer one is on top where two overlap and those of one class are united. What nothing covers
/// is `background`.
InstanceLabels Compose(std::vector<Instance> candidates, double score_threshold, FrameSize frame,
                       int background, const MaskPainter& paint);

/// The card's class for the network's `index`; -1 when the card leaves it out. Throws Error
/// kDataLoss for an index that the card has no class for.
int CardClass(const InstanceSpec& spec, int classes, int index);

/// The pixels that a box touches, within the frame; width or height 0 where it touches none.
Box PixelsOf(const BoxF& box, FrameSize frame);

/// Of two candidates of a class whose boxes overlap by more than `iou_threshold` (intersection over
/// union), the less sure goes. Returns the rest, the surest first, at most `most`.
std::vector<Instance> SuppressOverlaps(std::vector<Instance> candidates, double iou_threshold,
                                       size_t most);

/// [N,4] boxes (corners), [N] classes, [N] scores, and masks: [N,1,m,m], [N,m,m], or [N,C,m,m] with
/// one for each class, each laid into its box by `spec.paste`; or masks as large as the input.
struct MaskRcnnOutputs {
  TensorView boxes, classes, scores, masks;
};

/// Throws Error: kInvalidArgument (shapes that do not belong together), kDataLoss (values that are
/// not finite, or no class index).
InstanceLabels DecodeMaskRcnn(const MaskRcnnOutputs& outputs, const ModelCard& card,
                              const Placement& placement);

/// [1,4+classes+coefficients,anchors] (centre, size, scores, coefficients, as Ultralytics has them)
/// and prototypes [1,coefficients,h,w]. A mask is the sigmoid of coefficients times prototypes,
/// enlarged bilinearly to the frame, within its box. Throws as above.
InstanceLabels DecodeYoloSeg(const TensorView& detections, const TensorView& prototypes,
                             const ModelCard& card, const Placement& placement);

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_INSTANCES_H_
