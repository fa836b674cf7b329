// The interface of teachers, for whoever writes their own, and the ones that model cards describe.
// A teacher labels every pixel of a frame with one of the student's classes; it is accurate, but
// slow. Component: teacher (OpenTeacher; the interface needs no library).
//
//   class MyTeacher final : public shadowtutor::Teacher {
//     shadowtutor::TeacherAnswer Label(shadowtutor::ImageView frame, uint64_t) override {
//       return {.label = model_.Segment(frame)};
//     }
//     const shadowtutor::ClassList& classes() const override { return classes_; }
//     int background() const override { return 0; }
//     std::string description() const override { return "my model"; }
//   };
#ifndef SHADOWTUTOR_TEACHER_H_
#define SHADOWTUTOR_TEACHER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "shadowtutor/types.h"

namespace shadowtutor {

/// Thread safety: Label is called from max_concurrent_calls() threads at a time at most, Interrupt
/// from any.
class Teacher {
 public:
  virtual ~Teacher() = default;

  /// Labels a frame. `frame_index` counts the frames of the source from 0; only teachers that read
  /// labels from a folder use it. Throws Error when the frame cannot be labelled; the teacher can
  /// still be used afterwards.
  virtual TeacherAnswer Label(ImageView frame, uint64_t frame_index) = 0;

  /// How many threads may call Label at the same time; constant. More than 1 pays where calls wait
  /// for another machine, which can then label several frames together.
  virtual int max_concurrent_calls() const { return 1; }

  /// Asks the calls of Label that are under way to end soon, because nobody waits for an answer any
  /// longer; what they return or throw then is not looked at. Does nothing when none is under way.
  /// Must not wait. May be called from any thread. By default it does nothing: most networks cannot
  /// be interrupted, and servers do without.
  virtual void Interrupt() {}

  /// The classes of the answers, and the index of the background class (-1: none).
  virtual const ClassList& classes() const = 0;
  virtual int background() const = 0;
  /// A short text for users, clients among them: the model and its runtime.
  virtual std::string description() const = 0;
  /// A sentence for whoever runs the teacher about what keeps it from labelling at present, such as
  /// a server that is away; empty: nothing that is known. May be called from any thread.
  virtual std::string trouble() const { return ""; }
};

/// Opens the teacher that a model card (a YAML file, docs/teachers.md) describes: an ONNX or
/// TorchScript model, a model on an inference server, a folder of labels, or a Python function,
/// which may also be given as FILE.py:FUNCTION. Its answers are mapped by name to `student_classes`
/// or, if that is empty, to the card's classes. Throws Error, whose sentence names the card, the
/// key and the remedy. In libshadowtutor-teacher.
std::unique_ptr<Teacher> OpenTeacher(const std::string& card, const ClassList& student_classes = {},
                                     int student_background = -1);

}  // namespace shadowtutor

#endif  // SHADOWTUTOR_TEACHER_H_
