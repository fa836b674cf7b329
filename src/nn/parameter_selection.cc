#include "nn/parameter_selection.h"

#include <algorithm>
#include <string>

namespace shadowtutor::nn {
namespace {

bool Selected(const ParameterInfo& parameter, ParameterKinds kinds) {
  if (kinds == ParameterKinds::kAll || parameter.stage == Stage::kOutConv3) return true;
  return parameter.shape.size() == 1;  // the weights of convolutions have four dimensions
}

}  // namespace

std::string_view NameOf(ParameterKinds kinds) {
  return kinds == ParameterKinds::kNorms ? "norms" : "all";
}

ParameterKinds ParseParameterKinds(std::string_view name) {
  for (const ParameterKinds kinds : {ParameterKinds::kAll, ParameterKinds::kNorms}) {
    if (name == NameOf(kinds)) return kinds;
  }
  throw Error(ErrorCode::kInvalidArgument,
              "no kinds of parameters are called '" + std::string(name) +
                  "'; there are all, and norms (with biases and the last layer)");
}

ParameterSelection::ParameterSelection(const NetworkLayout& layout, Stage cut,
                                       ParameterKinds kinds) {
  const size_t first = layout.TrainedOffset(cut);
  for (const ParameterInfo& parameter : layout.parameters()) {
    if (parameter.offset < first || !Selected(parameter, kinds)) continue;
    if (!ranges_.empty() && ranges_.back().begin + ranges_.back().count == parameter.offset) {
      ranges_.back().count += parameter.count;
    } else {
      ranges_.push_back({parameter.offset, parameter.count});
    }
    size_ += parameter.count;
  }
}

std::vector<float> ParameterSelection::Gather(std::span<const float> weights) const {
  std::vector<float> values;
  values.reserve(size_);
  for (const Range& range : ranges_) {
    const auto part = weights.subspan(range.begin, range.count);
    values.insert(values.end(), part.begin(), part.end());
  }
  return values;
}

void ParameterSelection::Scatter(std::span<const float> values, std::span<float> weights) const {
  if (values.size() != size_) {
    throw Error(ErrorCode::kInvalidArgument, "there are " + std::to_string(size_) +
                                                 " selected parameters, not " +
                                                 std::to_string(values.size()));
  }
  size_t at = 0;
  for (const Range& range : ranges_) {
    std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(at), range.count,
                weights.begin() + static_cast<std::ptrdiff_t>(range.begin));
    at += range.count;
  }
}

}  // namespace shadowtutor::nn
