// A video at a lower frame rate (paper, section 6.5): what a camera of that rate would have taken.
#ifndef SHADOWTUTOR_EVAL_SIM_RESAMPLING_H_
#define SHADOWTUTOR_EVAL_SIM_RESAMPLING_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "teacher/teacher.h"
#include "video/source.h"

namespace shadowtutor::eval {

/// Which frames of a video are kept. Frame k of the re-sampled video is the one that is on display
/// at k / rate seconds: the source's frame floor(k * source_rate / rate). From 29.97 to 7 frames
/// per second those are 0, 4, 8, 12, 17, 21, ...: no frame comes twice, and the two videos stay in
/// step. Plain value.
class Resampling {
 public:
  /// Keeps every frame.
  Resampling() = default;
  /// Throws Error kInvalidArgument unless 0 < rate <= source_rate, and kFailedPrecondition when
  /// the source's rate is unknown (0).
  Resampling(double source_rate, double rate);

  /// The source's number of the frame that is number `index` here.
  uint64_t SourceIndex(uint64_t index) const;
  /// How many of the first `source_frames` are kept.
  uint64_t FramesOf(uint64_t source_frames) const;

 private:
  double step_ = 1;  // source frames per frame
};

/// Reads `source` at a lower rate.
class ResampledSource : public video::Source {
 public:
  /// `rate` is Resampling's; absent: every frame is kept.
  ResampledSource(std::unique_ptr<video::Source> source, std::optional<double> rate);

  bool Read(Image& frame) override;
  FrameSize size() const override { return source_->size(); }
  double frames_per_second() const override;
  int64_t frame_count() const override;
  bool live() const override { return source_->live(); }

  const Resampling& resampling() const { return resampling_; }

 private:
  std::unique_ptr<video::Source> source_;
  std::optional<double> rate_;
  Resampling resampling_;
  uint64_t source_next_ = 0;  // the frame that the source gives next
  uint64_t next_ = 0;
};

/// Asks `teacher` with the source's own frame numbers, so that a teacher that replays labels gives
/// those of the right frame. `teacher` must outlive this one.
class ResampledTeacher : public teacher::Teacher {
 public:
  ResampledTeacher(teacher::Teacher& teacher, Resampling resampling)
      : teacher_(teacher), resampling_(resampling) {}

  teacher::Answer Label(ImageView frame, uint64_t frame_index) override {
    return teacher_.Label(frame, resampling_.SourceIndex(frame_index));
  }
  const ClassList& classes() const override { return teacher_.classes(); }
  int background() const override { return teacher_.background(); }
  std::string description() const override { return teacher_.description(); }

 private:
  teacher::Teacher& teacher_;
  Resampling resampling_;
};

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_SIM_RESAMPLING_H_
