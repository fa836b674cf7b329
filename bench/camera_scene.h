// What the cameras of the benchmark `cameras` see: a textured ground that drifts, and shapes of
// several classes that move over it. Drawn from a number, so no file is needed, and labels are
// right by construction.
#ifndef SHADOWTUTOR_BENCH_CAMERA_SCENE_H_
#define SHADOWTUTOR_BENCH_CAMERA_SCENE_H_

#include <cstdint>
#include <string>

#include "shadowtutor/types.h"
#include "teacher/teacher.h"

namespace shadowtutor::bench {

/// Eight kinds of things and the background.
ClassList CameraClasses();
inline constexpr int kCameraBackground = 8;

/// Key frame `index` of camera number `camera`, and its label. From one key frame to the next
/// everything moves by some 2 % of the picture, as in a second of video.
Image DrawCamera(FrameSize size, uint64_t camera, uint64_t index);
LabelMap LabelCamera(FrameSize size, uint64_t camera, uint64_t index);

/// The key frames of a camera repeat after so many.
inline constexpr uint64_t kCameraKeyFrames = 24;
/// The frame index under which the n-th key frame of a camera travels.
constexpr uint64_t CameraFrame(uint64_t camera, uint64_t n) { return camera << 32 | n; }

/// Draws the label from the key frame's number, which takes no time to speak of.
class CameraTeacher final : public teacher::Teacher {
 public:
  teacher::Answer Label(ImageView frame, uint64_t frame_index) override;
  const ClassList& classes() const override { return classes_; }
  int background() const override { return kCameraBackground; }
  std::string description() const override { return "shapes, at once"; }

 private:
  const ClassList classes_ = CameraClasses();
};

}  // namespace shadowtutor::bench

#endif  // SHADOWTUTOR_BENCH_CAMERA_SCENE_H_
