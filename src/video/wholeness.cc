#include "video/wholeness.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/text.h"

namespace shadowtutor::video::internal {
namespace {

// Containers round, and their last frames may last longer than they say.
constexpr double kToleranceSeconds = 1;

// These state the length of each stream, and not only that of the longest.
bool KnowsStreamLengths(const AVFormatContext& container) {
  return std::strstr(container.iformat->name, "mov,") != nullptr ||
         std::strcmp(container.iformat->name, "avi") == 0;
}

}  // namespace

Wholeness::Wholeness(const AVFormatContext& container, const AVStream& video)
    : container_(container), video_(video) {}

void Wholeness::Add(const AVPacket& packet) {
  const AVStream& stream = *container_.streams[packet.stream_index];
  const bool is_video = stream.index == video_.index;
  if (is_video) cut_ = (packet.flags & AV_PKT_FLAG_CORRUPT) != 0;
  const int64_t start = packet.pts != AV_NOPTS_VALUE ? packet.pts : packet.dts;
  if (start == AV_NOPTS_VALUE) return;
  const double end =
      static_cast<double>(start + std::max<int64_t>(0, packet.duration)) * av_q2d(stream.time_base);
  end_ = std::max(end_, end);
  if (is_video) video_end_ = std::max(video_end_, end);
}

std::string Wholeness::Missing() const {
  if (cut_) return "its last frame is incomplete";
  return MissingTime();
}

std::string Wholeness::MissingTime() const {
  if (container_.duration_estimation_method != AVFMT_DURATION_FROM_STREAM) return "";
  double announced = 0, read = 0;
  if (KnowsStreamLengths(container_) && video_.duration > 0) {
    const int64_t start = video_.start_time == AV_NOPTS_VALUE ? 0 : video_.start_time;
    announced = static_cast<double>(start + video_.duration) * av_q2d(video_.time_base);
    read = video_end_;
  } else if (container_.duration > 0) {
    const int64_t start = container_.start_time == AV_NOPTS_VALUE ? 0 : container_.start_time;
    announced = static_cast<double>(start + container_.duration) / AV_TIME_BASE;
    read = end_;
  }
  if (announced - read <= kToleranceSeconds) return "";
  return Format("it ends at %.1f s of %.1f s", read, announced);
}

}  // namespace shadowtutor::video::internal
