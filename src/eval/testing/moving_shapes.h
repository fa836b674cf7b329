// A video that tests draw themselves, with labels that are right by construction.
#ifndef SHADOWTUTOR_EVAL_TESTING_MOVING_SHAPES_H_
#define SHADOWTUTOR_EVAL_TESTING_MOVING_SHAPES_H_

#include <cstdint>
#include <string>

#include "nn/network.h"
#include "shadowtutor/types.h"
#include "teacher/teacher.h"
#include "video/source.h"

namespace shadowtutor::eval {

/// Classes of the shapes: disc, box, background.
ClassList ShapeClasses();
inline constexpr int kShapeBackground = 2;

/// A fresh student of these classes, a quarter as wide as the published one.
nn::Checkpoint SmallShapeStudent(uint64_t seed);

/// Frame `index` of the endless video: a disc and a box that drift over a shaded ground.
Image DrawShapes(FrameSize size, uint64_t index);
LabelMap LabelShapes(FrameSize size, uint64_t index);

class ShapesSource : public video::Source {
 public:
  ShapesSource(FrameSize size, int64_t frames) : size_(size), frames_(frames) {}
  bool Read(Image& frame) override;
  FrameSize size() const override { return size_; }
  double frames_per_second() const override { return 25; }
  int64_t frame_count() const override { return frames_; }
  bool live() const override { return false; }

 private:
  FrameSize size_;
  int64_t frames_;
  int64_t next_ = 0;
};

/// Draws the labels from the frame's index, without looking at the frame, and counts how often it
/// was asked.
class ShapesTeacher : public teacher::Teacher {
 public:
  teacher::Answer Label(ImageView frame, uint64_t frame_index) override;
  const ClassList& classes() const override { return classes_; }
  int background() const override { return kShapeBackground; }
  std::string description() const override { return "shapes"; }
  int asked() const { return asked_; }

 private:
  ClassList classes_ = ShapeClasses();
  int asked_ = 0;
};

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_TESTING_MOVING_SHAPES_H_
