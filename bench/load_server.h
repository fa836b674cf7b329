// The benchmark `load` against a real server: its backend, conversations, sessions and schedulers
// in this process, without a network.
#ifndef SHADOWTUTOR_BENCH_LOAD_SERVER_H_
#define SHADOWTUTOR_BENCH_LOAD_SERVER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "load_result.h"
#include "nn/network.h"
#include "shadowtutor/types.h"

namespace shadowtutor::bench {

/// What the devices' cameras see: frames of a video so many frames apart, over and over, and what
/// the teacher says of them.
struct LoadClip {
  std::vector<std::vector<uint8_t>> pictures;  // JPEG
  std::vector<LabelMap> labels;
  FrameSize size;
  int apart = 8;  // frames of the video from one to the next
  ClassList classes;
  int background = -1;
};

/// Shapes that drift (camera_scene.h).
LoadClip DrawnClip(FrameSize size);
/// Frames of a video, labelled by the teacher of a model card beforehand, in the student's classes
/// if there is one. Throws as OpenSource and OpenTeacher.
LoadClip ClipOf(const std::string& video, const std::string& card,
                const std::optional<nn::Checkpoint>& student, int most);

/// Throws Error for what the server refuses but for sessions, and kInternal when nothing is
/// answered.
LoadFigures RunLoad(const LoadSettings& settings, const LoadClip& clip,
                    const nn::Checkpoint& student);

}  // namespace shadowtutor::bench

#endif  // SHADOWTUTOR_BENCH_LOAD_SERVER_H_
