// Finds the outputs of a network by their names and decodes them as the card's kind demands.
#ifndef SHADOWTUTOR_TEACHER_OUTPUT_READER_H_
#define SHADOWTUTOR_TEACHER_OUTPUT_READER_H_

#include <string>
#include <vector>

#include "teacher/decode.h"
#include "teacher/instances.h"
#include "teacher/model_card.h"
#include "teacher/network_input.h"
#include "teacher/runtime_network.h"

namespace shadowtutor::teacher {

/// The output for `role`: the one that the card names for it; else one with a name that exporters
/// use for the role; else, if the outputs have no names, the one at the usual position. Roles are
/// those of OutputRoles, or "output" for kinds with a single output. Throws Error kInvalidArgument,
/// whose sentence lists the names of the outputs, if there is none.
const TensorView& OutputFor(const std::vector<NamedTensor>& outputs, const ModelCard& card,
                            const std::string& role);

/// Decodes the outputs for each frame. Reuses its working memory.
///
/// Thread safety: one thread at a time.
class OutputReader {
 public:
  explicit OutputReader(const ModelCard& card) : card_(card) {}

  /// The label map in the card's classes, and the instances for kinds that have them. Throws Error
  /// as the decoders do; the sentence names the card and the model.
  InstanceLabels Read(const std::vector<NamedTensor>& outputs, const Placement& placement);

 private:
  InstanceLabels Decode(const std::vector<NamedTensor>& outputs, const Placement& placement);

  const ModelCard card_;
  Decoder decoder_;
};

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_OUTPUT_READER_H_
