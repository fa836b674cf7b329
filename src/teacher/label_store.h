// A teacher's answers on disk: computed once, then read, whatever else is run on the same video.
#ifndef SHADOWTUTOR_TEACHER_LABEL_STORE_H_
#define SHADOWTUTOR_TEACHER_LABEL_STORE_H_

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "teacher/teacher.h"

namespace shadowtutor::teacher {

/// "000042.boxes", beside "000042.png": one instance per line as "x y width height" in pixels. A
/// label without such a file tells no instances apart.
std::string BoxFileName(uint64_t frame_index);
std::string BoxesText(std::span<const Box> boxes);
/// Throws Error kDataLoss that names `where`, for what is no such list or lies outside the frame.
std::vector<Box> ParseBoxes(std::string_view text, FrameSize size, const std::string& where);

/// The teacher that a card describes, as teacher::OpenTeacher; one that replays labels also gives
/// the instances of the box files beside them.
std::unique_ptr<teacher::Teacher> OpenTeacherWithBoxes(const std::filesystem::path& card,
                                                       const ClassList& student_classes = {},
                                                       int student_background = -1);

/// Answers from `folder`, and asks `teacher` (which must outlive this one) about what is not there
/// yet, once. Only for the frames of one video as they are: it goes by their number. Files appear
/// whole or not at all; a damaged one, or one of another size, is made anew. Instances are kept.
/// The folder is a replay teacher itself: card.yaml, 000000.png, ...
class LabelStore : public teacher::Teacher {
 public:
  /// Throws Error kUnavailable when the folder cannot be made or written to.
  LabelStore(teacher::Teacher& teacher, std::filesystem::path folder, const std::string& note);

  teacher::Answer Label(ImageView frame, uint64_t frame_index) override;
  const ClassList& classes() const override { return teacher_.classes(); }
  int background() const override { return teacher_.background(); }
  std::string description() const override { return teacher_.description(); }

  /// Frames that the teacher was asked about.
  uint64_t asked() const { return asked_; }

 private:
  bool Read(uint64_t frame_index, FrameSize size, teacher::Answer& answer) const;

  teacher::Teacher& teacher_;
  std::filesystem::path folder_;
  uint64_t asked_ = 0;
};

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_LABEL_STORE_H_
