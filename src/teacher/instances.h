// Instances that a network found in a frame: decoding them, and painting them into one label map.
//
// Thread safety: any thread.
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

/// A box by its edges in pixels, in continuous coordinates: pixel 0 covers 0 to 1.
struct BoxF {
  float x0 = 0, y0 = 0, x1 = 0, y1 = 0;
};

struct Instance {
  BoxF box;         // in the frame's coordinates
  int label = 0;    // index into the card's classes
  float score = 0;  // 0..1
  int index = 0;    // position in the network's output
};

/// The instances of a frame and the label map that they give.
struct InstanceLabels {
  LabelMap label;                   // in the card's classes
  std::vector<Instance> instances;  // above the score threshold, by descending score
  int candidates = 0;               // number of instances in the output, with any score
  float best_score = 0;             // of all candidates
};

/// Paints the mask of `instance` into `labels`.
using MaskPainter = std::function<void(const Instance& instance, LabelMap& labels)>;

/// Keeps the instances above the threshold and paints them by ascending score, so that where two
/// overlap, the one with the higher score is on top. Pixels that no instance covers get
/// `background`.
InstanceLabels Compose(std::vector<Instance> candidates, double score_threshold, FrameSize frame,
                       int background, const MaskPainter& paint);

/// The index of the card's class for class `index` of the network; -1 when the card leaves that
/// class out. Throws Error kDataLoss when the card has no class for it.
int CardClass(const InstanceSpec& spec, int classes, int index);

/// The pixels of the frame that a box touches. Width or height is 0 when it touches none.
Box PixelsOf(const BoxF& box, FrameSize frame);

/// Non-maximum suppression: of two candidates of the same class whose boxes have an intersection
/// over union of more than `iou_threshold`, drops the one with the lower score. Returns at most
/// `most` of the others, by descending score.
std::vector<Instance> SuppressOverlaps(std::vector<Instance> candidates, double iou_threshold,
                                       size_t most);

/// The outputs of Mask R-CNN: boxes [N,4] (corners), classes [N], scores [N], and masks [N,1,m,m],
/// [N,m,m], or [N,C,m,m] with one mask for each class. Masks either have the size of the input or
/// are pasted into their boxes by InstanceSpec::paste.
struct MaskRcnnOutputs {
  TensorView boxes, classes, scores, masks;
};

/// Throws Error: kInvalidArgument (the shapes do not fit together), kDataLoss (a value is not
/// finite or is not a class index).
InstanceLabels DecodeMaskRcnn(const MaskRcnnOutputs& outputs, const ModelCard& card,
                              const Placement& placement);

/// Decodes the outputs of Ultralytics' segmentation networks: `detections`
/// [1,4+classes+coefficients,anchors] (centre, size, scores, coefficients) and `prototypes`
/// [1,coefficients,h,w]. A mask is the sigmoid of the sum of coefficients times prototypes, resized
/// bilinearly to the frame and cut to its box. Throws as DecodeMaskRcnn does.
InstanceLabels DecodeYoloSeg(const TensorView& detections, const TensorView& prototypes,
                             const ModelCard& card, const Placement& placement);

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_INSTANCES_H_
