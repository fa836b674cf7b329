// Encodes frames and writes them into a video file with FFmpeg. Internal to video/.
#ifndef SHADOWTUTOR_VIDEO_VIDEO_WRITER_H_
#define SHADOWTUTOR_VIDEO_VIDEO_WRITER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "shadowtutor/types.h"

namespace shadowtutor::video::internal {

struct VideoFormat {
  std::string container;  // FFmpeg's name: "mp4", "mov", "matroska"
  FrameSize size;         // of the frames; 4:2:0 needs even sides
  double frames_per_second = 25;
};

/// H.264 at constant quality by x264, which all players and browsers can show; without x264, MPEG-4
/// part 2, which players can show, but browsers cannot. The colours are BT.709 from 720 lines on
/// and BT.601 below, in limited range, and the file says so. Thread safety: one thread at a time.
class VideoWriter {
 public:
  /// Writes into `descriptor`, an empty file that can seek and outlives the writer. Throws Error
  /// kUnavailable, also when FFmpeg has no encoder; sentences do not name the file.
  VideoWriter(int descriptor, const VideoFormat& format);
  ~VideoWriter();
  VideoWriter(const VideoWriter&) = delete;
  VideoWriter& operator=(const VideoWriter&) = delete;

  /// How many ticks of Write there are in a second.
  double ticks_per_second() const;
  /// Appends a BGR frame of the format's size. `tick` is when it is shown; ticks rise. Throws Error
  /// kUnavailable, also for earlier frames whose bytes did not fit on the disk.
  void Write(ImageView frame, int64_t tick);
  /// Writes what is left; without it the file cannot be played. Throws Error kUnavailable.
  void Finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shadowtutor::video::internal

#endif  // SHADOWTUTOR_VIDEO_VIDEO_WRITER_H_
