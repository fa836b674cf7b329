// A teacher that is asked once per frame: its answers are kept in a label folder and read from
// there, whatever else is run on the same video.
#ifndef SHADOWTUTOR_TEACHER_LABEL_STORE_H_
#define SHADOWTUTOR_TEACHER_LABEL_STORE_H_

#include <cstdint>
#include <filesystem>
#include <string>

#include "teacher/label_folder.h"
#include "teacher/teacher.h"

namespace shadowtutor::teacher {

/// Only for the frames of one video as they are: it goes by their number. What is not in the folder
/// yet, is damaged or has another size is asked and written; instances are kept.
/// Thread safety: as Teacher.
class LabelStore : public Teacher {
 public:
  /// Makes the folder and its card, a replay card with `note`; see LabelFolder::CheckCard for a
  /// folder that may be another's. `teacher` must outlive the store. Throws Error kUnavailable.
  LabelStore(Teacher& teacher, std::filesystem::path folder, const std::string& note);

  Answer Label(ImageView frame, uint64_t frame_index) override;
  const ClassList& classes() const override { return teacher_.classes(); }
  int background() const override { return teacher_.background(); }
  std::string description() const override { return teacher_.description(); }

  /// Frames that the teacher has answered; those that were in the folder do not count.
  int64_t asked() const { return asked_; }

 private:
  Teacher& teacher_;
  LabelFolder folder_;
  int64_t asked_ = 0;
};

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_LABEL_STORE_H_
