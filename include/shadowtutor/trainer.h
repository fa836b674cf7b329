// The tutor's side for whoever has a transport of their own: Algorithm 1 on each key frame, and the
// messages by which the device gets the same weights, bit for bit. Component: device.
//
//   shadowtutor::Trainer trainer(student);
//   Send(trainer.Greeting());
//   for (;;) {
//     const KeyFrame frame = Receive();                     // yours
//     const auto trained = trainer.Train(frame.index, frame.picture, teacher.Label(...));
//     Send(trained.message);                                // to Link::Receive on the device
//   }
//
// What a message holds may change from one minor version to the next; both ends need the same.
#ifndef SHADOWTUTOR_TRAINER_H_
#define SHADOWTUTOR_TRAINER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "shadowtutor/student.h"
#include "shadowtutor/types.h"

namespace shadowtutor {

/// What is trained, how, and how often key frames come. docs/policies.md has the presets and all
/// parts.
struct PolicyOptions {
  std::string policy = "balanced";           // "paper", "frugal", "balanced" or "best"
  std::map<std::string, std::string> parts;  // such as {"max-updates", "8"}
};

/// An answer is one message, after all steps, and key frames are encoded by whoever sends them: of
/// the policy's parts, `part-updates`, `idle-updates`, `key-frame-bytes`, `first-key-frame-bytes`
/// and `coarsest-crf` have no effect here.
struct TrainerOptions : PolicyOptions {
  /// Small updates (some kilobytes) by the coded form; without it fp32, as the paper has it.
  bool coded = true;
  /// The device has the student that the trainer begins with; without it, the greeting holds it.
  bool device_has_student = true;
};

/// The result of training on one key frame.
struct Trained {
  double metric = 0;          // mIoU (0..1) after training
  double initial_metric = 0;  // before
  int steps = 0;              // distillation steps taken
  std::vector<uint8_t> message;
};

/// One device's student in training.
///
/// Thread safety: one thread at a time.
class Trainer {
 public:
  /// Throws Error kInvalidArgument for options out of range.
  explicit Trainer(const Student& student, const TrainerOptions& options = {});
  ~Trainer();
  Trainer(Trainer&&) noexcept;
  Trainer& operator=(Trainer&&) noexcept;

  /// The message with which a device's session begins. Call it again after a broken connection:
  /// that message holds the whole student as it is by now, and the device goes on with it.
  std::vector<uint8_t> Greeting();
  /// Trains on a key frame with the teacher's answer. Throws Error kInvalidArgument for an empty
  /// frame and an answer that does not fit it or the student's classes, kResourceExhausted for a
  /// frame over kMaxFrameSide or kMaxFramePixels; the student is then as it was.
  Trained Train(uint64_t frame_index, ImageView frame, const TeacherAnswer& answer);
  /// The message for a device that asks for the whole student (Link::RequestStudent).
  std::vector<uint8_t> WholeStudent();
  /// The message for a key frame that gets no update, because the teacher failed on it.
  static std::vector<uint8_t> NoUpdate(uint64_t frame_index, const std::string& why);

  /// The student as it is by now.
  Student student() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Algorithm 2, NextStride: the frames to the next key frame, from those to the last one and its
/// metric. (Client does this itself.) Throws Error kInvalidArgument unless 0 < threshold < 1 and
/// 1 <= min_stride <= max_stride.
int NextStride(int stride, double metric, double threshold = 0.8, int min_stride = 8,
               int max_stride = 64);

/// The mean intersection over union (0..1) of two label maps of the same size, over the classes
/// that occur in either. Throws Error kInvalidArgument for empty maps, different sizes, or a label
/// of `classes` or above.
double MeanIoU(const LabelMap& predicted, const LabelMap& expected, int classes);

}  // namespace shadowtutor

#endif  // SHADOWTUTOR_TRAINER_H_
