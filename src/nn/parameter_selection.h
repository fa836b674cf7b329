// Which parameters of a student are trained, and so travel in updates: those of the stages from a
// cut on, all of them or only some kinds.
#ifndef SHADOWTUTOR_NN_PARAMETER_SELECTION_H_
#define SHADOWTUTOR_NN_PARAMETER_SELECTION_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "nn/network.h"

namespace shadowtutor::nn {

enum class ParameterKinds : uint8_t {
  kAll,
  /// Scales and shifts of norms, biases, and the last layer: 2 % of the published network.
  kNorms,
};

/// "all", "norms".
std::string_view NameOf(ParameterKinds kinds);
/// Throws Error kInvalidArgument, which lists the names, for any other.
ParameterKinds ParseParameterKinds(std::string_view name);

/// Some of the floats of a network's flat vector, in ascending order. Immutable; thread safety: any
/// thread.
class ParameterSelection {
 public:
  ParameterSelection(const NetworkLayout& layout, Stage cut, ParameterKinds kinds);

  struct Range {
    size_t begin = 0, count = 0;  // in floats, in the flat vector
  };
  /// Ascending, apart from each other.
  const std::vector<Range>& ranges() const { return ranges_; }
  /// The number of selected floats.
  size_t size() const { return size_; }

  /// The selected floats of `weights`, which holds all of the network's.
  std::vector<float> Gather(std::span<const float> weights) const;
  /// Writes `values`, as many as size(), to their places in `weights`.
  void Scatter(std::span<const float> values, std::span<float> weights) const;

 private:
  std::vector<Range> ranges_;
  size_t size_ = 0;
};

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_PARAMETER_SELECTION_H_
