// A label folder: the answers of a teacher to the frames of a video, on disk.
//
//   card.yaml      a replay card, with which the folder is opened as a teacher (docs/teachers.md)
//   000042.png     the label of frame 42: an 8-bit grey PNG of class indices, of the frame's size
//   000042.boxes   the instances of frame 42, if its label has them: a line "x y width height" in
//                  pixels for each
//
// All C++ code that reads or writes such folders uses this class (tools/lvs_labels.py makes one,
// too).
#ifndef SHADOWTUTOR_TEACHER_LABEL_FOLDER_H_
#define SHADOWTUTOR_TEACHER_LABEL_FOLDER_H_

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "shadowtutor/types.h"
#include "teacher/model_card.h"
#include "teacher/teacher.h"

namespace shadowtutor::teacher {

/// The contents of the card of a label folder.
struct LabelFolderCard {
  ClassList classes;
  int background = -1;      // index into classes; -1: none
  std::string note;         // for people: the video and the teacher that the labels were made from
  MadeFrom made_from = {};  // the same, for programs; may be unknown
};

/// Thread safety: several threads may read at the same time; each frame may have only one writer.
class LabelFolder {
 public:
  /// The most instances that a frame may have: ten times as many as are decoded from a network.
  static constexpr size_t kMaxInstances = 10'000;

  /// `classes` is the number of classes; all labels are below it. Does not access the disk.
  LabelFolder(std::filesystem::path folder, size_t classes);

  /// The path of the card in `folder`, for OpenTeacher.
  static std::filesystem::path CardIn(const std::filesystem::path& folder);

  /// Whether a file is called as a label or its instances are: "000042.png", "000042.boxes".
  static bool IsLabelName(const std::filesystem::path& file);
  /// Throws Error kInvalidArgument when the folder holds files of such names but no card
  /// (somebody's pictures, which labels would replace), or links of them.
  static void RefuseForeign(const std::filesystem::path& folder);

  const std::filesystem::path& path() const { return folder_; }
  std::filesystem::path CardFile() const { return CardIn(folder_); }
  std::filesystem::path LabelFile(uint64_t frame_index) const;
  std::filesystem::path BoxFile(uint64_t frame_index) const;

  /// Throws Error kFailedPrecondition when the folder cannot go on with labels of this card: its
  /// card tells of another video, card or network, of other classes, or not what its labels were
  /// made from; or there are files with the names of labels and no card. Where `card` does not say
  /// what it was made from, notes are compared instead. Throws as LoadModelCard when the folder's
  /// card cannot be read. An empty folder, and one that is not there, are right.
  void CheckCard(const LabelFolderCard& card) const;
  /// Makes the folder and writes its card, unless there is a card with the same contents; if that
  /// says the same about what the labels were made from, the note may differ. Throws Error
  /// kUnavailable.
  void WriteCard(const LabelFolderCard& card) const;

  /// The answer for a frame of `size`, in the folder's classes. Throws Error, whose sentence names
  /// the file: kNotFound (no label), kInvalidArgument (the label has another size, or is not an
  /// 8-bit grey PNG), kDataLoss (a damaged file, a class index that is too large, or a box outside
  /// the frame), kResourceExhausted (over the bounds of labels and lists of boxes).
  Answer Read(uint64_t frame_index, FrameSize size) const;
  /// The same, but returns nullopt when Read would throw. For callers that can make a new label.
  std::optional<Answer> Find(uint64_t frame_index, FrameSize size) const;

  /// Writes the files of a frame. Each file appears complete or not at all, and the label comes
  /// last, so that a label's boxes are always there. Throws Error: kInvalidArgument (an answer that
  /// Read would refuse), kUnavailable.
  void Write(uint64_t frame_index, const Answer& answer) const;

 private:
  std::filesystem::path folder_;
  size_t classes_;
};

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_LABEL_FOLDER_H_
