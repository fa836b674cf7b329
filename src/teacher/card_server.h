// Reads the `server` section of a model card. Internal to teacher/.
#ifndef SHADOWTUTOR_TEACHER_CARD_SERVER_H_
#define SHADOWTUTOR_TEACHER_CARD_SERVER_H_

#include <filesystem>

#include "teacher/card_yaml.h"
#include "teacher/server_spec.h"

namespace shadowtutor::teacher {

/// `folder` is the card's, from which files are seen. Whether they exist, and whether the address
/// is one, is found out by whoever opens the network. Throws Error kInvalidArgument as `card` does.
/// Thread safety: any thread.
ServerSpec ReadServerSpec(const CardYaml& card, const YAML::Node& section,
                          const std::filesystem::path& folder);

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_CARD_SERVER_H_
