// Whether a recording was read to its end. Internal to video/.
#ifndef SHADOWTUTOR_VIDEO_WHOLENESS_H_
#define SHADOWTUTOR_VIDEO_WHOLENESS_H_

#include <string>

#include "video/av_handles.h"

namespace shadowtutor::video::internal {

/// Compares what a container announces with the packets that came. Containers that announce
/// nothing, or only estimates, count as whole.
///
/// Thread safety: one thread at a time.
class Wholeness {
 public:
  /// Both must outlive this object.
  Wholeness(const AVFormatContext& container, const AVStream& video);

  /// A packet of any stream.
  void Add(const AVPacket& packet);
  /// After the last packet: what is missing, for a message. Empty: nothing. Moves the position in
  /// the file.
  std::string Missing() const;

 private:
  bool EndsInsidePacket() const;
  bool LacksTrailer() const;
  bool IsShorterThanItsHeaderSays() const;
  bool IsShorterThanItsSegment() const;
  std::string MissingTime() const;

  const AVFormatContext& container_;
  const AVStream& video_;
  double video_end_ = 0;  // seconds, on the container's clock
  double end_ = 0;        // of all streams
  bool cut_ = false;      // the newest packet is incomplete
};

}  // namespace shadowtutor::video::internal

#endif  // SHADOWTUTOR_VIDEO_WHOLENESS_H_
