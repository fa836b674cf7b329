// What an inference server tells of a model, and whether it fits a card.
//
// Thread safety: any thread.
#ifndef SHADOWTUTOR_TEACHER_OIP_MODEL_DESCRIPTION_H_
#define SHADOWTUTOR_TEACHER_OIP_MODEL_DESCRIPTION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "teacher/model_card.h"

namespace shadowtutor::teacher::oip {

struct TensorDescription {
  std::string name;
  std::string datatype;        // the protocol's: "FP32" and so on
  std::vector<int64_t> shape;  // -1: any size; empty: not told
};

/// Servers need not tell: lists are empty then.
struct ModelDescription {
  std::vector<std::string> versions;
  std::vector<TensorDescription> inputs, outputs;
};

/// What does not fit, in sentences that say what to do; empty: all fits, as far as it was told.
std::vector<std::string> Misfits(const ModelDescription& model, const ModelCard& card);

/// The input's tensor and the type in which its values travel: the card's and the model's, FP32
/// where nothing is told. Throws Error kInvalidArgument where neither names it.
TensorDescription InputOf(const ModelDescription& model, const ModelCard& card);

}  // namespace shadowtutor::teacher::oip

#endif  // SHADOWTUTOR_TEACHER_OIP_MODEL_DESCRIPTION_H_
