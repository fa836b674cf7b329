#include "video/wholeness.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "core/text.h"

namespace shadowtutor::video::internal {
namespace {

// Containers round, and their last frames may last longer than they say.
constexpr double kToleranceSeconds = 1;
// Those that state the length of each stream are more exact.
constexpr double kStreamToleranceSeconds = 0.25;

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
  cut_ = (packet.flags & AV_PKT_FLAG_CORRUPT) != 0;
  const int64_t start = packet.pts != AV_NOPTS_VALUE ? packet.pts : packet.dts;
  if (start == AV_NOPTS_VALUE) return;
  const double end =
      static_cast<double>(start + std::max<int64_t>(0, packet.duration)) * av_q2d(stream.time_base);
  end_ = std::max(end_, end);
  if (is_video) video_end_ = std::max(video_end_, end);
}

std::string Wholeness::Missing() const {
  if (cut_) return "its last packet is incomplete";
  if (EndsInsidePacket()) return "it ends inside of a packet";
  if (LacksTrailer()) return "its end is missing";
  if (IsShorterThanItsHeaderSays()) return "it is shorter than its header says";
  return MissingTime();
}

// Transport streams announce nothing, but consist of packets of one size.
bool Wholeness::EndsInsidePacket() const {
  if (std::strcmp(container_.iformat->name, "mpegts") != 0 || !container_.pb) return false;
  const int64_t size = avio_size(container_.pb);
  constexpr int64_t kSizes[] = {188, 192, 204};  // plain, with a time code, with error correction
  return size > 0 && std::none_of(std::begin(kSizes), std::end(kSizes),
                                  [size](int64_t packet) { return size % packet == 0; });
}

// For AVI, libavformat corrects the durations by what is there.
bool Wholeness::IsShorterThanItsHeaderSays() const {
  AVIOContext* file = container_.pb;
  if (std::strcmp(container_.iformat->name, "avi") != 0 || !file) return false;
  constexpr int64_t kSizeAt = 4, kSizeEnds = 8;
  if (avio_seek(file, kSizeAt, SEEK_SET) != kSizeAt) return false;
  const uint32_t announced = avio_rl32(file);
  constexpr uint32_t kUnknown = 0xffffffff;  // a recording that was never finished
  return announced != kUnknown && kSizeEnds + int64_t{announced} > avio_size(file);
}

// GIF ends with a byte of its own.
bool Wholeness::LacksTrailer() const {
  AVIOContext* file = container_.pb;
  if (std::strcmp(container_.iformat->name, "gif") != 0 || !file) return false;
  constexpr int kTrailer = 0x3b;
  uint8_t tail[64];
  const int64_t size = avio_size(file);
  const auto length = static_cast<int>(std::clamp<int64_t>(size, 0, sizeof tail));
  if (avio_seek(file, size - length, SEEK_SET) < 0) return false;
  int read = avio_read(file, tail, length);
  while (read > 0 && tail[read - 1] == 0) --read;  // some programs add zeros
  return read > 0 && tail[read - 1] != kTrailer;
}

std::string Wholeness::MissingTime() const {
  if (container_.duration_estimation_method != AVFMT_DURATION_FROM_STREAM) return "";
  double announced = 0, read = 0, tolerance = kToleranceSeconds;
  if (KnowsStreamLengths(container_) && video_.duration > 0) {
    const int64_t start = video_.start_time == AV_NOPTS_VALUE ? 0 : video_.start_time;
    announced = static_cast<double>(start + video_.duration) * av_q2d(video_.time_base);
    read = video_end_;
    tolerance = kStreamToleranceSeconds;
  } else if (container_.duration > 0) {
    const int64_t start = container_.start_time == AV_NOPTS_VALUE ? 0 : container_.start_time;
    announced = static_cast<double>(start + container_.duration) / AV_TIME_BASE;
    read = end_;
  }
  if (announced - read <= tolerance) return "";
  return Format("it ends at %.1f s of %.1f s", read, announced);
}

}  // namespace shadowtutor::video::internal
