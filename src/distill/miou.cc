#include "distill/miou.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "core/text.h"

namespace shadowtutor::distill {
namespace {

// Neighbouring pixels mostly increment the same bin. Spread over several histograms, an increment
// does not have to wait for the previous one to reach memory.
constexpr int kHistograms = 8;

// Entry [p * classes + l] counts the pixels that are predicted as class p and have label l.
std::vector<uint32_t> ConfusionMatrix(const std::vector<uint8_t>& prediction,
                                      const std::vector<uint8_t>& label, size_t classes) {
  const size_t bins = classes * classes;
  std::vector<uint32_t> counts(bins * kHistograms, 0);
  const size_t pixels = label.size();
  size_t i = 0;
  for (; i + kHistograms <= pixels; i += kHistograms) {
    for (size_t k = 0; k < kHistograms; ++k) {
      ++counts[(prediction[i + k] * classes + label[i + k]) + k * bins];
    }
  }
  for (; i < pixels; ++i) ++counts[prediction[i] * classes + label[i]];
  for (size_t k = 1; k < kHistograms; ++k) {
    for (size_t bin = 0; bin < bins; ++bin) counts[bin] += counts[k * bins + bin];
  }
  counts.resize(bins);
  return counts;
}

void CheckClasses(const char* what, const std::vector<uint8_t>& labels, int classes) {
  // A plain loop, because compilers vectorise it, unlike std::max_element.
  uint8_t highest = 0;
  for (const uint8_t label : labels) highest = std::max(highest, label);
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
  const auto confusion = ConfusionMatrix(prediction.labels(), label.labels(), count);

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
