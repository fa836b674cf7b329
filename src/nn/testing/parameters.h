// For tests: a student's parameters by name, and those that training changes.
#ifndef SHADOWTUTOR_NN_TESTING_PARAMETERS_H_
#define SHADOWTUTOR_NN_TESTING_PARAMETERS_H_

#include <cstddef>
#include <span>
#include <string_view>

#include "nn/network.h"

namespace shadowtutor::nn {

/// The parameter of that name. Throws Error kNotFound.
inline std::span<const float> Parameter(const Checkpoint& student, std::string_view name) {
  const ParameterInfo& info = student.layout->Find(name);
  return std::span(student.weights).subspan(info.offset, info.count);
}
inline std::span<float> Parameter(Checkpoint& student, std::string_view name) {
  const ParameterInfo& info = student.layout->Find(name);
  return std::span(student.weights).subspan(info.offset, info.count);
}

/// Calls visit(info, offset) for every parameter of the stages from `cut` on. The offset is that in
/// Learner::trained() and gradient().
template <typename Visit>
void ForEachTrained(const NetworkLayout& layout, Stage cut, Visit visit) {
  const size_t first = layout.TrainedOffset(cut);
  for (const ParameterInfo& info : layout.parameters()) {
    if (info.stage >= cut) visit(info, info.offset - first);
  }
}

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_TESTING_PARAMETERS_H_
