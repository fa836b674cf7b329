#include "server/label_frame.h"

#include <chrono>
#include <string>
#include <utility>

#include "core/labels.h"

namespace shadowtutor::server {

using tutor::LabelledFrame;

LabelledFrame LabelKeyFrame(teacher::Teacher& teacher, wire::KeyFrameDecoder& decoder,
                            const wire::KeyFrame& key_frame, int classes) {
  Image frame = decoder.Decode(key_frame.codec, key_frame.data, key_frame.size);
  return LabelFrame(teacher, std::move(frame), key_frame.frame_index, classes);
}

LabelledFrame LabelFrame(teacher::Teacher& teacher, Image frame, uint64_t frame_index,
                         int classes) {
  LabelledFrame labelled;
  labelled.frame_index = frame_index;
  labelled.frame = std::move(frame);
  const auto start = std::chrono::steady_clock::now();
  teacher::Answer answer = teacher.Label(labelled.frame, frame_index);
  labelled.teacher_ms =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  if (answer.label.size() != labelled.frame.size() ||
      answer.label.labels().size() != labelled.frame.size().pixels()) {
    throw Error(ErrorCode::kInternal, "the teacher's label has another size than the frame");
  }
  const uint8_t highest = HighestLabel(answer.label.labels());
  if (highest >= classes) {
    throw Error(ErrorCode::kInternal, "the teacher's label holds class " + std::to_string(highest) +
                                          "; the student has only " + std::to_string(classes));
  }
  for (const Box& box : answer.instances) {
    if (!LiesWithin(box, labelled.frame.size())) {
      throw Error(ErrorCode::kInternal, "the teacher's instances do not lie within the frame");
    }
  }
  labelled.answer = std::move(answer);
  return labelled;
}

}  // namespace shadowtutor::server
