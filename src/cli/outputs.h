// What commands write: JSON results, and the check that no output is an input.
#ifndef SHADOWTUTOR_CLI_OUTPUTS_H_
#define SHADOWTUTOR_CLI_OUTPUTS_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/output_file.h"
#include "core/overlap.h"

namespace shadowtutor::cli {

/// Adds a teacher's model card and the files and folders that it names. A card that cannot be read
/// is refused later, by whoever opens it.
void AddCard(std::vector<InputPath>& inputs, const std::string& card);

enum class FileKind { kStudent, kPng };
/// Claims a file that is going to be written: no other run writes it as long as the result lives,
/// which is not committed. Throws Error kInvalidArgument when there is a file of another kind
/// already, or a pipe or a device, and as PendingFile.
std::unique_ptr<PendingFile> ClaimFile(const std::string& name, FileKind kind);

/// Results as JSON, to a file, to standard output ("-") or not at all (""). A file can be a pipe or
/// a device. Throws Error at once if it cannot be written, and while it lives, other runs cannot
/// write it.
class JsonOutput {
 public:
  explicit JsonOutput(const std::string& name);

  bool wanted() const { return to_stdout_ || file_.has_value(); }
  bool to_stdout() const { return to_stdout_; }
  /// Call it once. Does nothing if it is not wanted. Throws Error.
  void Write(std::string_view json);

 private:
  const bool to_stdout_;
  std::optional<PendingFile> file_;
};

/// The file as an output for RefuseOverlaps: nothing if it is standard output.
OutputPath JsonPath(const std::string& name);

}  // namespace shadowtutor::cli

#endif  // SHADOWTUTOR_CLI_OUTPUTS_H_
