// Refuses outputs that would destroy what a command reads, or each other.
#ifndef SHADOWTUTOR_CORE_OVERLAP_H_
#define SHADOWTUTOR_CORE_OVERLAP_H_

#include <filesystem>
#include <string>
#include <vector>

namespace shadowtutor {

/// A file or folder that a command reads. Names of things that are no files, such as addresses of
/// cameras, do no harm.
struct InputPath {
  std::string what;  // "the source", for sentences
  std::filesystem::path path;
};

/// A file that a command writes, or a folder in which it writes files.
struct OutputPath {
  std::filesystem::path path;
  bool folder = false;
};

/// Throws Error kInvalidArgument when an output is an input, lies in a folder that is an input, is
/// a file of such a folder under another name, or is another output. Sees through symbolic and hard
/// links. Pipes and devices may be several outputs. Opens and changes nothing. Call it before
/// anything is written. Thread safety: any thread.
void RefuseOverlaps(const std::vector<InputPath>& inputs, const std::vector<OutputPath>& outputs);

}  // namespace shadowtutor

#endif  // SHADOWTUTOR_CORE_OVERLAP_H_
