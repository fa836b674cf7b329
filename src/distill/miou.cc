#include "distill/miou.h"

#include <cstdint>
#include <string>
#include <vector>

#include "core/labels.h"
#include "core/text.h"
#include "distill/histogram.h"

namespace shadowtutor::distill {
namespace {

void CheckClasses(const char* what, const std::vector<uint8_t>& labels, int classes) {
  const uint8_t highest = HighestLabel(labels);
  if (highest >= classes) {
    throw Error(ErrorCode::kInvalidArgument,
                std::string("the ") + what + " holds class " + std::to_string(highest) +
                    ", but there are only " + std::to_string(classes) +
                    " classes; check the mapping of the teacher's classes");
  }
}

}  // namespace

double MeanIoU(const LabelMap& prediction, const LabelMap& label, int classes) {
  if (prediction.size() != label.size() || label.empty()) {
    throw Error(ErrorCode::kInvalidArgument, "the prediction (" + SizeText(prediction.size()) +
                                                 ") and the label (" + SizeText(label.size()) +
                                                 ") must have one size that is not empty");
  }
  CheckClasses("prediction", prediction.labels(), classes);
  CheckClasses("label", label.labels(), classes);
  const size_t count = static_cast<size_t>(classes);
  // Entry [p * classes + l] counts the pixels that are predicted as class p and have label l.
  const std::vector<uint8_t>&predicted = prediction.labels(), &truth = label.labels();
  const auto confusion = Histogram(truth.size(), count * count,
                                   [&](size_t i) { return predicted[i] * count + truth[i]; });

  double sum = 0;
  int occurring = 0;
  for (size_t c = 0; c < count; ++c) {
    uint64_t predicted = 0, labelled = 0;
    for (size_t other = 0; other < count; ++other) {
      predicted += confusion[c * count + other];
      labelled += confusion[other * count + c];
    }
    const uint64_t both = confusion[c * count + c];
    const uint64_t either = predicted + labelled - both;
    if (either == 0) continue;
    sum += static_cast<double>(both) / static_cast<double>(either);
    ++occurring;
  }
  return sum / occurring;
}

}  // namespace shadowtutor::distill
