// From a network's outputs, by name, to what the card's kind makes of them.
#ifndef SHADOWTUTOR_TEACHER_OUTPUT_READER_H_
#define SHADOWTUTOR_TEACHER_OUTPUT_READER_H_

#include <string>
#include <vector>

#include "teacher/decode.h"
#include "teacher/instances.h"
#include "teacher/model_card.h"
#include "teacher/network.h"
#include "teacher/network_input.h"

namespace shadowtutor::teacher {

/// The output that plays `role`: the one that the card names; otherwise one that goes by a name
/// that exporters give it; otherwise, among outputs without names, the one in its place. Roles are
/// those of OutputRoles, or "output" for kinds with one. Throws Error kInvalidArgument with the
/// names that there are.
const TensorView& OutputFor(const std::vector<NamedTensor>& outputs, const ModelCard& card,
                            const std::string& role);

/// Keeps its work space from frame to frame. Thread safety: one thread at a time.
class OutputReader {
 public:
  explicit OutputReader(const ModelCard& card) : card_(card) {}

  /// A label map in the card's classes; without instances for kinds that have none. Throws Error as
  /// the decoders do, with the card's and the model's path.
  InstanceLabels Read(const std::vector<NamedTensor>& outputs, const Placement& placement);

 private:
  InstanceLabels Decode(const std::vector<NamedTensor>& outputs, const Placement& placement);

  const ModelCard card_;
  Decoder decoder_;
};

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_OUTPUT_READER_H_
