// The outputs of Mask R-CNN and of YOLO's segmentation networks, as instances.
#include <algorithm>
#include <cmath>
#include <string>

#include "teacher/instances.h"
#include "teacher/mask_paste.h"

namespace shadowtutor::teacher {
namespace {

// More than any network of these kinds puts out; each costs a look at its mask.
constexpr int kMaxInstances = 1000;
// Ultralytics' own bounds: what is compared for overlaps, and what is kept of it.
constexpr size_t kMaxCandidates = 30'000;
constexpr size_t kMaxKept = 300;

// The coordinates of a box in the frame, from those in the network's input.
BoxF InFrame(const BoxF& box, const Placement& place) {
  if (place.identity()) return box;
  const auto x = [&](float value) {
    return static_cast<float>((value - place.left) / place.scale_x);
  };
  const auto y = [&](float value) {
    return static_cast<float>((value - place.top) / place.scale_y);
  };
  return {x(box.x0), y(box.y0), x(box.x1), y(box.y1)};
}

// [N,...] or [1,N,...], where the leading 1 is the batch: the shape without it.
std::vector<int> WithoutBatch(const TensorView& output, size_t dims) {
  std::vector<int> shape = output.shape;
  if (shape.size() == dims + 1 && shape[0] == 1) shape.erase(shape.begin());
  return shape;
}

// The pixels whose top left corners are in the box, which is how Ultralytics crops masks.
Box Cropped(const BoxF& box, FrameSize frame) {
  return PixelsOf({std::ceil(box.x0), std::ceil(box.y0), box.x1, box.y1}, frame);
}

// Where in `masks` the mask of instance i (of the network's class c) is.
struct MaskLayout {
  FrameSize size;
  int planes = 1;  // for each instance

  Plane Of(const TensorView& masks, const Instance& instance, int network_class) const {
    const int plane = planes == 1 ? 0 : network_class;
    const size_t index = static_cast<size_t>(instance.index) * static_cast<size_t>(planes) +
                         static_cast<size_t>(plane);
    return {masks.values + index * size.pixels(), size};
  }
};

MaskLayout LayoutOf(const TensorView& masks, int count) {
  std::vector<int> shape = masks.shape;
  if (shape.size() == 5 && shape[0] == 1) shape.erase(shape.begin());
  const bool good = (shape.size() == 3 || shape.size() == 4) && shape[0] == count &&
                    std::all_of(shape.begin() + 1, shape.end(), [](int side) { return side > 0; });
  if (!good) {
    FailShape(masks, "mask-rcnn, whose masks for " + std::to_string(count) + " boxes are [" +
                         std::to_string(count) + ",1,h,w]");
  }
  const size_t dims = shape.size();
  return {{shape[dims - 1], shape[dims - 2]}, dims == 4 ? shape[1] : 1};
}

int WholeNumber(float value) {
  if (value != std::floor(value) || std::abs(value) > 1e6f) {
    throw Error(ErrorCode::kDataLoss,
                "the model's classes hold " + std::to_string(value) +
                    ", which is not a class index; see whether the card's `outputs` are right");
  }
  return static_cast<int>(value);
}

}  // namespace

InstanceLabels DecodeMaskRcnn(const MaskRcnnOutputs& outputs, const ModelCard& card,
                              const Placement& placement) {
  const std::vector<int> boxes = WithoutBatch(outputs.boxes, 2);
  if (boxes.size() != 2 || boxes[1] != 4)
    FailShape(outputs.boxes, "mask-rcnn, whose boxes are [N,4]");
  const int count = boxes[0];
  if (count > kMaxInstances) {
    throw Error(ErrorCode::kResourceExhausted, "the model puts out " + std::to_string(count) +
                                                   " boxes; " + std::to_string(kMaxInstances) +
                                                   " are the most that are read");
  }
  for (const TensorView* list : {&outputs.classes, &outputs.scores}) {
    if (WithoutBatch(*list, 1) != std::vector<int>{count}) {
      FailShape(*list, "mask-rcnn, whose classes and scores for " + std::to_string(count) +
                           " boxes are [" + std::to_string(count) + "]");
    }
  }
  CheckFinite(outputs.boxes);
  CheckFinite(outputs.scores);
  CheckFinite(outputs.classes);

  const int classes = static_cast<int>(card.classes.size());
  std::vector<Instance> candidates;
  std::vector<int> network_class;
  for (int i = 0; i < count; ++i) {
    const float* corner = outputs.boxes.values + size_t{4} * static_cast<size_t>(i);
    network_class.push_back(WholeNumber(outputs.classes.values[i]));
    const int label = CardClass(card.instances, classes, network_class.back());
    if (label < 0 || label == card.background) continue;
    candidates.push_back({InFrame({corner[0], corner[1], corner[2], corner[3]}, placement), label,
                          outputs.scores.values[i], i});
  }
  if (candidates.empty()) return Compose({}, 0, placement.frame, card.background, {});

  const MaskLayout layout = LayoutOf(outputs.masks, count);
  const auto threshold = static_cast<float>(card.instances.mask_threshold);
  const bool whole = layout.size == placement.input;
  const Box everything{0, 0, placement.frame.width, placement.frame.height};
  const auto paint = [&](const Instance& instance, LabelMap& labels) {
    const int of_class = network_class[static_cast<size_t>(instance.index)];
    if (layout.planes > 1 && (of_class < 0 || of_class >= layout.planes)) {
      throw Error(ErrorCode::kDataLoss, "the model has masks for " + std::to_string(layout.planes) +
                                            " classes, but an instance of class " +
                                            std::to_string(of_class));
    }
    const Plane mask = layout.Of(outputs.masks, instance, of_class);
    CheckFinite({{layout.size.height, layout.size.width}, mask.values});
    const auto label = static_cast<uint8_t>(instance.label);
    if (whole) {
      PasteWhole(mask, placement, everything, threshold, label, labels);
    } else if (card.instances.paste == PasteRule::kTorchvision) {
      PasteLikeTorchvision(mask, instance.box, threshold, label, labels);
    } else {
      PasteLikeDetectron2(mask, instance.box, threshold, label, labels);
    }
  };
  return Compose(std::move(candidates), card.instances.score_threshold, placement.frame,
                 card.background, paint);
}

InstanceLabels DecodeYoloSeg(const TensorView& detections, const TensorView& prototypes,
                             const ModelCard& card, const Placement& placement) {
  const std::vector<int> proto = WithoutBatch(prototypes, 3);
  if (proto.size() != 3 || *std::min_element(proto.begin(), proto.end()) < 1) {
    FailShape(prototypes, "yolo-seg, whose prototypes are [1,coefficients,h,w]");
  }
  const int coefficients = proto[0];
  const std::vector<int> shape = WithoutBatch(detections, 2);
  if (shape.size() != 2 || shape[0] <= 4 + coefficients || shape[1] < 1) {
    FailShape(detections, "yolo-seg, whose detections with " + std::to_string(coefficients) +
                              " coefficients are [1,4+classes+" + std::to_string(coefficients) +
                              ",anchors]");
  }
  const int network_classes = shape[0] - 4 - coefficients;
  const int classes = static_cast<int>(card.classes.size());
  if (!card.instances.listed) {
    const int named = classes - (card.background == 0 && card.instances.class_offset == 1 ? 1 : 0);
    const bool background_last = card.background == classes - 1 && named == network_classes + 1;
    if (named != network_classes && !background_last) {
      FailShape(detections, "yolo-seg with " + std::to_string(named) +
                                " classes besides background, which is [1,4+" +
                                std::to_string(named) + "+" + std::to_string(coefficients) +
                                ",anchors]");
    }
  }
  CheckFinite(detections);
  CheckFinite(prototypes);

  const auto anchors = static_cast<size_t>(shape[1]);
  const auto at = [&](int row, size_t anchor) {
    return detections.values[static_cast<size_t>(row) * anchors + anchor];
  };
  // Far below any useful threshold, so that a diagnosis can say that something was nearly found.
  const auto floor = static_cast<float>(std::min(0.05, card.instances.score_threshold));
  std::vector<Instance> candidates;
  for (size_t anchor = 0; anchor < anchors && candidates.size() < kMaxCandidates; ++anchor) {
    int best = 0;
    for (int c = 1; c < network_classes; ++c) {
      if (at(4 + c, anchor) > at(4 + best, anchor)) best = c;
    }
    const float score = at(4 + best, anchor);
    if (!(score > floor)) continue;
    const int label = CardClass(card.instances, classes, best);
    if (label < 0 || label == card.background) continue;
    const float half_width = at(2, anchor) / 2, half_height = at(3, anchor) / 2;
    const BoxF box{at(0, anchor) - half_width, at(1, anchor) - half_height,
                   at(0, anchor) + half_width, at(1, anchor) + half_height};
    candidates.push_back({InFrame(box, placement), label, score, static_cast<int>(anchor)});
  }
  candidates = SuppressOverlaps(std::move(candidates), card.instances.iou_threshold, kMaxKept);

  const FrameSize size{proto[2], proto[1]};
  std::vector<float> mask(size.pixels());
  const auto paint = [&](const Instance& instance, LabelMap& labels) {
    std::fill(mask.begin(), mask.end(), 0.0f);
    for (int k = 0; k < coefficients; ++k) {
      const float weight = at(4 + network_classes + k, static_cast<size_t>(instance.index));
      const float* plane = prototypes.values + static_cast<size_t>(k) * size.pixels();
      for (size_t i = 0; i < mask.size(); ++i) mask[i] += weight * plane[i];
    }
    for (float& value : mask) value = 1.0f / (1.0f + std::exp(-value));
    PasteWhole({mask.data(), size}, placement, Cropped(instance.box, placement.frame),
               static_cast<float>(card.instances.mask_threshold),
               static_cast<uint8_t>(instance.label), labels);
  };
  return Compose(std::move(candidates), card.instances.score_threshold, placement.frame,
                 card.background, paint);
}

}  // namespace shadowtutor::teacher
