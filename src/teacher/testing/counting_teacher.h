// A teacher for tests, which counts what it is asked.
#ifndef SHADOWTUTOR_TEACHER_TESTING_COUNTING_TEACHER_H_
#define SHADOWTUTOR_TEACHER_TESTING_COUNTING_TEACHER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "teacher/teacher.h"

namespace shadowtutor::teacher {

/// Labels every pixel of frame i as class i % 3, with i % 5 instances if it has any, and records
/// the frames that it is asked for. Frames have at least 8 by 6 pixels for those with instances.
class CountingTeacher final : public Teacher {
 public:
  explicit CountingTeacher(bool has_instances = false) : has_instances_(has_instances) {}

  Answer Label(ImageView frame, uint64_t frame_index) override {
    if (on_frame) on_frame(frame, frame_index);
    asked.push_back(frame_index);
    return AnswerTo(frame.size(), frame_index);
  }
  Answer AnswerTo(FrameSize size, uint64_t frame_index) const {
    Answer answer;
    answer.label = LabelMap(size.width, size.height, static_cast<uint8_t>(frame_index % 3));
    answer.has_instances = has_instances_;
    for (int i = 0; has_instances_ && i < static_cast<int>(frame_index % 5); ++i) {
      answer.instances.push_back({i, 0, 2, 3});
    }
    return answer;
  }
  const ClassList& classes() const override { return class_list; }
  int background() const override { return 0; }
  std::string description() const override { return "a teacher that counts"; }

  std::vector<uint64_t> asked;
  ClassList class_list = {{"background", {}}, {"a", {1, 2, 3}}, {"b", {4, 5, 6}}};
  /// Called first; what it throws is the answer. May be empty.
  std::function<void(ImageView frame, uint64_t frame_index)> on_frame;

 private:
  const bool has_instances_;
};

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_TESTING_COUNTING_TEACHER_H_
