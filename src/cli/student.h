// The classes that `shadowtutor student` gives a student.
#ifndef SHADOWTUTOR_CLI_STUDENT_H_
#define SHADOWTUTOR_CLI_STUDENT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shadowtutor/types.h"

namespace shadowtutor::cli {

/// What --classes, --colors, --background and --seed say, for `init` and for `convert`'s new head.
struct ClassOptions {
  std::vector<std::string> names;
  std::vector<std::string> colors;
  std::optional<std::string> background;
  uint64_t seed = 1;
};

// Both throw Error kInvalidArgument for what does not fit the names.

/// The index of the class that stands for everything else; -1 for none.
int BackgroundOf(const ClassOptions& options);
/// Colours that are not given are DefaultClassColor's; the background's is black.
ClassList ClassesOf(const ClassOptions& options, int background);

}  // namespace shadowtutor::cli

#endif  // SHADOWTUTOR_CLI_STUDENT_H_
