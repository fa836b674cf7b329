#include "video/wholeness.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/text.h"

namespace shadowtutor::video::internal {
namespace {

// Containers round, and their last frames may last longer than they say.
constexpr double kToleranceSeconds = 1;
// Those that state the length of each stream are more exact.
constexpr double kStreamToleranceSeconds = 0.25;

// Longer ones are what a file says that was written to a pipe.
constexpr double kLongestSeconds = 30 * 24 * 3600;

bool Is(const AVFormatContext& container, const char* format) {
  return std::strstr(container.iformat->name, format) != nullptr;
}

// A number of Matroska's: its length in bytes is the number of leading zero bits in its first byte
// plus one. -1: all bits are set, which means an unknown size; -2: no number.
int64_t ReadVint(AVIOContext* file) {
  const int first = avio_r8(file);
  int length = 1;
  while (length <= 8 && (first & (0x100 >> length)) == 0) ++length;
  if (length > 8) return -2;
  uint64_t value = static_cast<uint64_t>(first & ((0x100 >> length) - 1));
  bool all_set = value == static_cast<uint64_t>((0x100 >> length) - 1);
  for (int i = 1; i < length; ++i) {
    const int byte = avio_r8(file);
    all_set = all_set && byte == 0xff;
    value = value << 8 | static_cast<uint64_t>(byte);
  }
  return all_set ? -1 : static_cast<int64_t>(value);
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
      (static_cast<double>(start) + static_cast<double>(std::max<int64_t>(0, packet.duration))) *
      av_q2d(stream.time_base);
  end_ = std::max(end_, end);
  if (is_video) video_end_ = std::max(video_end_, end);
}

std::string Wholeness::Missing() const {
  if (cut_) return "its last packet is incomplete";
  if (EndsInsidePacket()) return "it ends inside of a packet";
  if (LacksTrailer()) return "its end is missing";
  if (IsShorterThanItsHeaderSays() || IsShorterThanItsSegment()) {
    return "it is shorter than its header says";
  }
  return MissingTime();
}

// Transport streams announce nothing, but consist of packets of one size.
bool Wholeness::EndsInsidePacket() const {
  if (!Is(container_, "mpegts") || !container_.pb) return false;
  AVIOContext* file = container_.pb;
  const int64_t size = avio_size(file);
  if (size <= 0) return false;
  for (const int64_t packet : {188, 192, 204}) {  // plain, with a time code, with error correction
    const int64_t rest = size % packet;
    if (rest == 0) return false;
    // Zeros behind the last packet are no part of one.
    std::array<uint8_t, 204> tail{};
    if (avio_seek(file, size - rest, SEEK_SET) < 0) return false;
    const int read = avio_read(file, tail.data(), static_cast<int>(rest));
    if (std::all_of(tail.begin(), tail.begin() + std::max(0, read),
                    [](uint8_t byte) { return byte == 0; })) {
      return false;
    }
  }
  return true;
}

// For AVI, libavformat corrects the durations by what is there.
bool Wholeness::IsShorterThanItsHeaderSays() const {
  AVIOContext* file = container_.pb;
  if (!Is(container_, "avi") || !file) return false;
  constexpr int64_t kSizeAt = 4, kSizeEnds = 8;
  if (avio_seek(file, kSizeAt, SEEK_SET) != kSizeAt) return false;
  const uint32_t announced = avio_rl32(file);
  const int64_t size = avio_size(file);
  constexpr uint32_t kUnknown = 0xffffffff;  // a recording that was never finished
  return announced != kUnknown && size > 0 && kSizeEnds + int64_t{announced} > size;
}

// GIF ends with a byte of its own.
bool Wholeness::LacksTrailer() const {
  AVIOContext* file = container_.pb;
  if (!Is(container_, "gif") || !file) return false;
  constexpr int kTrailer = 0x3b;
  uint8_t tail[64];
  const int64_t size = avio_size(file);
  const auto length = static_cast<int>(std::clamp<int64_t>(size, 0, sizeof tail));
  if (avio_seek(file, size - length, SEEK_SET) < 0) return false;
  int read = avio_read(file, tail, length);
  while (read > 0 && tail[read - 1] == 0) --read;  // some programs add zeros
  return read > 0 && tail[read - 1] != kTrailer;
}

// Matroska: a header, then one Segment that holds everything else.
bool Wholeness::IsShorterThanItsSegment() const {
  AVIOContext* file = container_.pb;
  if (!Is(container_, "matroska") || !file) return false;
  constexpr uint32_t kHeader = 0x1a45dfa3, kSegment = 0x18538067;
  if (avio_seek(file, 0, SEEK_SET) != 0 || avio_rb32(file) != kHeader) return false;
  const int64_t header = ReadVint(file);
  if (header < 0 || avio_skip(file, header) < 0 || avio_rb32(file) != kSegment) return false;
  const int64_t segment = ReadVint(file);
  const int64_t size = avio_size(file);  // not known of every address
  return segment >= 0 && size > 0 && avio_tell(file) + segment > size;
}

std::string Wholeness::MissingTime() const {
  // libavformat corrects the durations of AVI by what is there, and guesses without a header.
  if (Is(container_, "avi")) return "";
  if (container_.duration_estimation_method != AVFMT_DURATION_FROM_STREAM) return "";
  double announced = 0, read = 0, tolerance = kToleranceSeconds;
  // These state the length of each stream, and not only that of the longest.
  if (Is(container_, "mov,") && video_.duration > 0) {
    const int64_t start = video_.start_time == AV_NOPTS_VALUE ? 0 : video_.start_time;
    announced = (static_cast<double>(start) + static_cast<double>(video_.duration)) *
                av_q2d(video_.time_base);
    read = video_end_;
    tolerance = kStreamToleranceSeconds;
  } else if (container_.duration > 0) {
    // Some containers count from 0 and some from their first frame, so the smaller end counts.
    const int64_t start =
        container_.start_time == AV_NOPTS_VALUE ? 0 : std::min<int64_t>(0, container_.start_time);
    announced =
        (static_cast<double>(start) + static_cast<double>(container_.duration)) / AV_TIME_BASE;
    read = end_;
  }
  if (announced - read <= tolerance || announced > kLongestSeconds) return "";
  return Format("it ends at %.1f s of %.1f s", read, announced);
}

}  // namespace shadowtutor::video::internal
