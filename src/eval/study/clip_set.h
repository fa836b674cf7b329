// The clips that a study runs on: single ones, or a data set that a YAML file describes.
#ifndef SHADOWTUTOR_EVAL_STUDY_CLIP_SET_H_
#define SHADOWTUTOR_EVAL_STUDY_CLIP_SET_H_

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace shadowtutor::eval {

/// A video, its teacher, and the category to which tables count it.
struct ClipSpec {
  std::string name;            // unique in a study
  std::string camera, scene;   // "fixed", "people"; may be empty
  std::string source;          // as video::OpenSource takes it
  std::filesystem::path card;  // the teacher's model card; label PNGs have one, too
  uint64_t frames = 0;         // at most this many, after re-sampling; 0: all
  std::optional<std::filesystem::path> student;  // absent: the study's
};

/// The most clips that a set may name.
inline constexpr size_t kMaxClips = 10000;

/// Reads a set file; docs/evaluate.md explains its keys. Paths in it are relative to the file.
/// Throws Error: kNotFound (no such file), kInvalidArgument (names file, line, key and remedy),
/// kResourceExhausted (over 1 MiB, or over kMaxClips).
std::vector<ClipSpec> LoadClipSet(const std::filesystem::path& file);

/// Returns `name` in a form that can be part of a file's name: every character but letters, digits,
/// '.', '-' and '_' becomes '_', and so does a leading '.'.
std::string FileNameOf(const std::string& name);

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_STUDY_CLIP_SET_H_
