#include "pretrain/validation.h"

#include "core/parallel.h"
#include "distill/miou.h"
#include "nn/predictor.h"

namespace shadowtutor::pretrain {

void ValidationSet::Add(const Picture& picture, int longest) {
  images_.push_back(Shrunk(picture.full().image, longest));
  labels_.push_back(ShrunkLabel(picture.full().label, images_.back().size()));
}

std::vector<double> ValidationSet::IoUs(const nn::NetworkLayout& layout,
                                        std::span<const float> weights) const {
  const auto packed = nn::PackWeights(layout, weights);
  std::vector<double> metrics(images_.size());
  ParallelFor(static_cast<int>(images_.size()), [&](int task) {
    const SerialScope serial;
    const auto i = static_cast<size_t>(task);
    nn::Predictor predictor(packed);
    LabelMap prediction = predictor.Predict(images_[i]);
    LabelMap label = labels_[i];
    for (size_t k = 0; k < label.labels().size(); ++k) {
      if (label.labels()[k] == kUnknown) label.labels()[k] = prediction.labels()[k];
    }
    metrics[i] = distill::MeanIoU(prediction, label, layout.spec().classes);
  });
  return metrics;
}

double ValidationSet::MeanIoU(const nn::NetworkLayout& layout,
                              std::span<const float> weights) const {
  if (images_.empty()) {
    throw Error(ErrorCode::kFailedPrecondition, "there are no pictures to validate with");
  }
  const std::vector<double> metrics = IoUs(layout, weights);
  double sum = 0;
  for (const double metric : metrics) sum += metric;
  return sum / static_cast<double>(metrics.size());
}

}  // namespace shadowtutor::pretrain
