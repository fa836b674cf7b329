// Reads the `input` section of a model card: how a frame becomes a network's input. Internal to
// teacher/.
#ifndef SHADOWTUTOR_TEACHER_CARD_INPUT_H_
#define SHADOWTUTOR_TEACHER_CARD_INPUT_H_

#include "teacher/card_yaml.h"
#include "teacher/input_spec.h"

namespace shadowtutor::teacher {

/// Reads everything but `form` and `name`, which are known keys. `instances`: whether the network
/// finds instances, which a letterbox is for. Throws Error kInvalidArgument as `card` does. Thread
/// safety: any thread.
InputSpec ReadInputSpec(const CardYaml& card, const YAML::Node& input, bool instances);

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_CARD_INPUT_H_
