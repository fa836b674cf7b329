// A folder of labels: a teacher's answers on disk, one per frame of a video.
//
//   card.yaml      a replay card, which makes the folder a teacher (docs/teachers.md)
//   000042.png     the label of frame 42: an 8-bit grey PNG of class indices, of the frame's size
//   000042.boxes   the frame's instances: a line "x y width height" in pixels for each of them;
//                  a label without such a file tells no instances apart
//
// Everything that reads or writes such a folder does it through this class.
#ifndef SHADOWTUTOR_TEACHER_LABEL_FOLDER_H_
#define SHADOWTUTOR_TEACHER_LABEL_FOLDER_H_

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "shadowtutor/types.h"
#include "teacher/teacher.h"

namespace shadowtutor::teacher {

/// What the card of a label folder says of its labels.
struct LabelFolderCard {
  ClassList classes;
  int background = -1;  // index into classes; -1: none
  std::string note;     // which video's labels they are, and by which teacher
};

/// Thread safety: several threads may read at a time; a frame's files have one writer.
class LabelFolder {
 public:
  /// The most instances that a frame may have: ten times what is read of any network.
  static constexpr size_t kMaxInstances = 10'000;

  /// `classes` is the number of classes: labels hold indices below it. Does not touch the disk.
  LabelFolder(std::filesystem::path folder, size_t classes);

  /// Of the folder at `folder`: what to open as a teacher.
  static std::filesystem::path CardIn(const std::filesystem::path& folder);

  const std::filesystem::path& path() const { return folder_; }
  std::filesystem::path CardFile() const { return CardIn(folder_); }
  std::filesystem::path LabelFile(uint64_t frame_index) const;
  std::filesystem::path BoxFile(uint64_t frame_index) const;

  /// Throws Error kFailedPrecondition when the folder has a card that says something else, and what
  /// LoadModelCard throws when that card cannot be read. A folder without a card passes.
  void CheckCard(const LabelFolderCard& card) const;
  /// Makes the folder and writes its card; a card that says the same already stays as it is.
  /// Throws Error kUnavailable.
  void WriteCard(const LabelFolderCard& card) const;

  /// The answer for a frame of `size`, in the folder's classes. Throws Error that names the file:
  /// kNotFound (no label), kInvalidArgument (another size than the frame's, or no label PNG),
  /// kDataLoss (a damaged file, a class index that is too large, a box outside the frame),
  /// kResourceExhausted (larger than a label or a list of boxes can be).
  Answer Read(uint64_t frame_index, FrameSize size) const;
  /// The same, or nothing where Read would throw: for those who can make the label anew.
  std::optional<Answer> Find(uint64_t frame_index, FrameSize size) const;

  /// Each file appears whole or not at all, and the label last: where the label is, its boxes are.
  /// Throws Error: kInvalidArgument (an answer that could not be read back), kUnavailable.
  void Write(uint64_t frame_index, const Answer& answer) const;

 private:
  std::filesystem::path folder_;
  size_t classes_;
};

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_LABEL_FOLDER_H_
