// A teacher that keeps the answers of another teacher in a label folder, so that this is asked only
// once for each frame of a video, however many runs use them.
#ifndef SHADOWTUTOR_TEACHER_LABEL_STORE_H_
#define SHADOWTUTOR_TEACHER_LABEL_STORE_H_

#include <cstdint>
#include <filesystem>
#include <string>

#include "teacher/label_folder.h"
#include "teacher/teacher.h"

namespace shadowtutor::teacher {

/// Finds labels by the number of the frame, so a folder is for one video. If a label is missing,
/// damaged or of another size, asks the teacher and writes its answer, with the instances.
///
/// Thread safety: as Teacher.
class LabelStore : public Teacher {
 public:
  /// Makes the folder and its card, a replay card with `note` and `made_from`. Replaces the card of
  /// another video; call LabelFolder::CheckCard before if the folder may have one. `teacher` must
  /// outlive the store. With `has_instances`, kept labels without instances count as missing.
  /// Throws Error kUnavailable.
  LabelStore(Teacher& teacher, std::filesystem::path folder, const std::string& note,
             const MadeFrom& made_from = {}, bool has_instances = false);

  Answer Label(ImageView frame, uint64_t frame_index) override;
  const ClassList& classes() const override { return teacher_.classes(); }
  int background() const override { return teacher_.background(); }
  std::string description() const override { return teacher_.description(); }

  /// The number of frames that the teacher was asked for.
  int64_t asked() const { return asked_; }

 private:
  Teacher& teacher_;
  LabelFolder folder_;
  bool has_instances_;
  int64_t asked_ = 0;
};

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_LABEL_STORE_H_
