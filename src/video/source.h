// The interface of sources of frames: video files, image folders, cameras, network streams.
#ifndef SHADOWTUTOR_VIDEO_SOURCE_H_
#define SHADOWTUTOR_VIDEO_SOURCE_H_

#include <cstdint>
#include <limits>

#include "shadowtutor/types.h"

namespace shadowtutor::video {

/// Thread safety: one thread at a time.
class Source {
 public:
  virtual ~Source() = default;
  /// Reads the next frame, BGR. Returns false at the end. Throws Error kDataLoss when an image is
  /// damaged or a video is truncated.
  virtual bool Read(Image& frame) = 0;
  virtual FrameSize size() const = 0;
  /// When the frame that was read last is shown, in seconds of the video's own time: 0 is where
  /// players start. NaN: unknown.
  virtual double time() const { return std::numeric_limits<double>::quiet_NaN(); }
  virtual double frames_per_second() const = 0;  // 0: unknown
  virtual int64_t frame_count() const = 0;       // -1: unknown (cameras, streams)
  /// Whether frames that are not read in time are lost, as with cameras and streams.
  virtual bool live() const = 0;
};

}  // namespace shadowtutor::video

#endif  // SHADOWTUTOR_VIDEO_SOURCE_H_
