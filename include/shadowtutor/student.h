// The student: the tiny network that segments every frame on the device. Component: device.
//
//   const auto student = shadowtutor::Student::Load("street.safetensors");
//   shadowtutor::Predictor predictor(student);
//   shadowtutor::LabelMap labels;
//   predictor.Predict({bgr, width, height}, labels);
//   // labels.at(x, y) is an index into student.classes().
#ifndef SHADOWTUTOR_STUDENT_H_
#define SHADOWTUTOR_STUDENT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "shadowtutor/types.h"

namespace shadowtutor {

namespace nn {
struct Checkpoint;
}

/// How a new student is made.
struct FreshStudentOptions {
  int background = -1;  // index of the background class; -1: none
  double width = 1;     // channels, as a multiple of the published network's: 0.25 to 2
  int depth = 1;        // residual blocks in each stage: 1 to 3
  uint64_t seed = 1;    // the same seed gives the same weights on every machine
};

/// A network with its weights and classes. Copies share them; they never change.
///
/// Thread safety: any thread.
class Student {
 public:
  /// Reads a .safetensors file, or the bytes of one. Throws Error: kNotFound (no such file),
  /// kUnavailable (it cannot be read), kDataLoss (truncated or corrupt), kResourceExhausted (larger
  /// than any student), kInvalidArgument (a folder, or a safetensors file that is no student).
  static Student Load(const std::string& file);
  static Student Parse(std::span<const uint8_t> bytes);
  /// A student with random weights, which must be taught before it is of use. Throws Error
  /// kInvalidArgument for options out of range, or fewer than 2 or more than kMaxClasses classes.
  static Student Fresh(ClassList classes, const FreshStudentOptions& options = {});

  /// Writes the file so that readers see the old or the new content, never a part. Throws Error
  /// kUnavailable when it cannot be written.
  void Save(const std::string& file) const;
  std::vector<uint8_t> Serialize() const;

  const ClassList& classes() const;
  int background() const;          // index of the background class; -1: none
  size_t parameter_count() const;  // weights, in floats
  /// Equal for students with the same weights.
  uint64_t checksum() const;

  /// For the library itself.
  explicit Student(std::shared_ptr<const nn::Checkpoint> checkpoint);
  const std::shared_ptr<const nn::Checkpoint>& checkpoint() const { return checkpoint_; }

 private:
  std::shared_ptr<const nn::Checkpoint> checkpoint_;
};

/// Predicts with a student that nobody teaches; Client (client.h) predicts with one that is taught.
///
/// Thread safety: one thread at a time.
class Predictor {
 public:
  explicit Predictor(const Student& student);
  ~Predictor();
  Predictor(Predictor&&) noexcept;
  Predictor& operator=(Predictor&&) noexcept;

  /// Writes the class of each pixel to `labels`, which gets the frame's size. Frames may differ in
  /// size, but each change of it makes a new workspace. Throws Error kInvalidArgument for an empty
  /// frame or one over kMaxFrameSide or kMaxFramePixels.
  void Predict(ImageView frame, LabelMap& labels);
  /// Predicts with this student from now on.
  void Use(const Student& student);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The most threads that one prediction or distillation step of this process uses, the caller's
/// included. 0, the default: all cores. Takes effect at once, for all objects. Throws Error
/// kInvalidArgument for a negative number.
void SetMaxThreads(int threads);

}  // namespace shadowtutor

#endif  // SHADOWTUTOR_STUDENT_H_
