// Where frames come from: video files, image folders, cameras, RTSP addresses.
#ifndef SHADOWTUTOR_VIDEO_SOURCE_H_
#define SHADOWTUTOR_VIDEO_SOURCE_H_

#include <cstdint>

#include "shadowtutor/types.h"

namespace shadowtutor::video {

/// Thread safety: one thread at a time.
class Source {
 public:
  virtual ~Source() = default;
  /// The next frame, BGR; false at the end. Throws Error kDataLoss for a frame that cannot be
  /// decoded in a way that the rest cannot be either.
  virtual bool Read(Image& frame) = 0;
  virtual FrameSize size() const = 0;
  virtual double frames_per_second() const = 0;  // 0: unknown
  virtual int64_t frame_count() const = 0;       // -1: unknown (cameras, streams)
  /// Live sources drop what nobody takes; files wait.
  virtual bool live() const = 0;
};

}  // namespace shadowtutor::video

#endif  // SHADOWTUTOR_VIDEO_SOURCE_H_
