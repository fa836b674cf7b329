#include "teacher/instances.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace shadowtutor::teacher {
namespace {

float Area(const BoxF& box) { return (box.x1 - box.x0) * (box.y1 - box.y0); }

float IntersectionOverUnion(const BoxF& a, const BoxF& b) {
  const float width = std::min(a.x1, b.x1) - std::max(a.x0, b.x0);
  const float height = std::min(a.y1, b.y1) - std::max(a.y0, b.y0);
  if (width <= 0 || height <= 0) return 0;
  const float both = width * height;
  return both / (Area(a) + Area(b) - both);
}

void SortBySureness(std::vector<Instance>& instances) {
  // Stable, so that instances with equal scores stay in the network's order.
  std::stable_sort(instances.begin(), instances.end(),
                   [](const Instance& a, const Instance& b) { return a.score > b.score; });
}

}  // namespace

InstanceLabels Compose(std::vector<Instance> candidates, double score_threshold, FrameSize frame,
                       int background, const MaskPainter& paint) {
  InstanceLabels result;
  result.candidates = static_cast<int>(candidates.size());
  for (const Instance& candidate : candidates) {
    result.best_score = std::max(result.best_score, candidate.score);
    if (candidate.score > static_cast<float>(score_threshold)) {
      result.instances.push_back(candidate);
    }
  }
  SortBySureness(result.instances);
  result.label = LabelMap(frame.width, frame.height, static_cast<uint8_t>(background));
  for (auto it = result.instances.rbegin(); it != result.instances.rend(); ++it) {
    paint(*it, result.label);
  }
  return result;
}

int CardClass(const InstanceSpec& spec, int classes, int index) {
  if (spec.listed) {
    for (const auto& [network, card] : spec.class_of) {
      if (network == index) return card;
    }
    return -1;
  }
  const int shifted = index + spec.class_offset;
  if (shifted < 0 || shifted >= classes) {
    throw Error(ErrorCode::kDataLoss, "the model found an instance of its class " +
                                          std::to_string(index) + ", for which the card's " +
                                          std::to_string(classes) + " classes (class_offset " +
                                          std::to_string(spec.class_offset) + ") have no name");
  }
  return shifted;
}

Box PixelsOf(const BoxF& box, FrameSize frame) {
  const auto inside = [](float value, int most) {
    return static_cast<int>(std::clamp(value, 0.0f, static_cast<float>(most)));
  };
  const int x0 = inside(std::floor(box.x0), frame.width);
  const int y0 = inside(std::floor(box.y0), frame.height);
  const int x1 = inside(std::ceil(box.x1), frame.width);
  const int y1 = inside(std::ceil(box.y1), frame.height);
  return {x0, y0, std::max(x1 - x0, 0), std::max(y1 - y0, 0)};
}

std::vector<Instance> SuppressOverlaps(std::vector<Instance> candidates, double iou_threshold,
                                       size_t most) {
  SortBySureness(candidates);
  std::vector<Instance> kept;
  for (const Instance& candidate : candidates) {
    if (kept.size() == most) break;
    const bool covered = std::any_of(kept.begin(), kept.end(), [&](const Instance& surer) {
      return surer.label == candidate.label &&
             IntersectionOverUnion(surer.box, candidate.box) > static_cast<float>(iou_threshold);
    });
    if (!covered) kept.push_back(candidate);
  }
  return kept;
}

}  // namespace shadowtutor::teacher
