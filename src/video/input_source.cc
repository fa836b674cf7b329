#include "video/input_source.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "core/text.h"
#include "video/media_clock.h"
#include "video/picture.h"
#include "video/picture_file.h"
#include "video/sources_internal.h"
#include "video/video_decoder.h"
#include "video/wholeness.h"

namespace shadowtutor::video::internal {
namespace {

using Clock = std::chrono::steady_clock;

// Streams without a frame rate state the rate of their clock instead, for example 90 kHz.
constexpr double kMaxRate = 1000;

double RateOf(const AVStream& video) {
  for (const AVRational rate : {video.avg_frame_rate, video.r_frame_rate}) {
    if (rate.num > 0 && rate.den > 0 && av_q2d(rate) <= kMaxRate) return av_q2d(rate);
  }
  return 0;
}

int64_t AnnouncedCount(const AVStream& video, double rate) {
  // Edit lists may leave out frames that the container counts, so its duration is asked first.
  if (video.duration > 0 && video.duration != AV_NOPTS_VALUE && rate > 0) {
    const double count = static_cast<double>(video.duration) * av_q2d(video.time_base) * rate;
    constexpr double kAbsurd = 1e15;
    return count < kAbsurd ? std::llround(count) : -1;
  }
  return video.nb_frames > 0 ? video.nb_frames : -1;
}

// -1: unknown. Containers that were written to a pipe may announce anything.
int64_t CountOf(const AVFormatContext& container, const AVStream& video, double rate) {
  const int64_t announced = AnnouncedCount(video, rate);
  const int64_t bytes = container.pb ? avio_size(container.pb) : -1;
  return bytes > 0 && announced > bytes ? -1 : announced;
}

const int32_t* MatrixIn(const uint8_t* data, size_t size) {
  return data && size >= 9 * sizeof(int32_t) ? reinterpret_cast<const int32_t*>(data) : nullptr;
}

Orientation OrientationOf(const AVStream& video, Orientation otherwise) {
  size_t size = 0;
  const uint8_t* data = av_stream_get_side_data(&video, AV_PKT_DATA_DISPLAYMATRIX, &size);
  const int32_t* matrix = MatrixIn(data, size);
  return matrix ? FromDisplayMatrix(std::span<const int32_t, 9>(matrix, 9)) : otherwise;
}

Orientation OrientationOf(const AVFrame& picture, Orientation of_stream) {
  const AVFrameSideData* data = av_frame_get_side_data(&picture, AV_FRAME_DATA_DISPLAYMATRIX);
  const int32_t* matrix = data ? MatrixIn(data->data, data->size) : nullptr;
  return matrix ? FromDisplayMatrix(std::span<const int32_t, 9>(matrix, 9)) : of_stream;
}

class InputSource final : public Source {
 public:
  InputSource(std::unique_ptr<Input> input, std::chrono::milliseconds timeout,
              std::function<void(const std::string&)> log)
      : timeout_(timeout),
        log_(std::move(log)),
        input_(std::move(input)),
        recording_(input_->IsRecording()),
        has_times_(input_->HasTimes()),
        rate_(has_times_ ? RateOf(input_->video()) : 0),
        count_(recording_ ? CountOf(input_->container(), input_->video(), rate_) : -1),
        decoder_(*input_->video().codecpar, input_->video().time_base, input_->name(),
                 recording_ ? DecoderUse::kVideo : DecoderUse::kLive, input_->decoder()),
        converter_(input_->name()),
        clock_(input_->container(), input_->video(), rate_),
        wholeness_(input_->container(), input_->video()),
        packet_(OrBadAlloc(av_packet_alloc())),
        picture_(OrBadAlloc(av_frame_alloc())) {
    if (!Decode(first_)) {
      if (last_ == ReadResult::kStopped) {
        throw Error(ErrorCode::kCancelled, "stopped while opening " + input_->name());
      }
      if (last_ != ReadResult::kEnd) End();
      throw Error(ErrorCode::kDataLoss,
                  "cannot read " + input_->name() +
                      " as a video: none of its frames can be decoded; see what `ffprobe` says of "
                      "it");
    }
    first_time_ = std::exchange(time_, std::numeric_limits<double>::quiet_NaN());
    size_ = first_.size();
  }

  bool Read(Image& frame) override {
    if (!first_.empty()) {
      frame = std::exchange(first_, Image());
      time_ = first_time_;
      return true;
    }
    if (ended_ || !Decode(frame)) {
      if (!std::exchange(ended_, true)) End();
      return false;
    }
    size_ = frame.size();
    return true;
  }

  FrameSize size() const override { return size_; }
  double time() const override { return time_; }
  double frames_per_second() const override { return rate_; }
  int64_t frame_count() const override { return count_; }
  bool live() const override { return !recording_; }

 private:
  bool Decode(Image& frame) {
    const Clock::time_point deadline = Clock::now() + timeout_;
    while (!decoder_.Receive(*picture_)) {
      if (drained_) return false;
      if (Clock::now() > deadline) last_ = ReadResult::kTimedOut;
      if (last_ == ReadResult::kPacket) last_ = input_->Read(*packet_);
      if (last_ == ReadResult::kPacket) {
        wholeness_.Add(*packet_);
        if (input_->IsVideo(*packet_)) {
          if ((packet_->flags & AV_PKT_FLAG_CORRUPT) != 0) ++damaged_packets_;
          decoder_.Send(packet_.get());
        }
        av_packet_unref(packet_.get());
      } else {
        decoder_.Send(nullptr);  // the decoder gives what it holds back
        drained_ = true;
      }
    }
    converter_.Convert(*picture_, OrientationNow(), frame);
    time_ = has_times_ ? clock_.Next(*picture_) : std::numeric_limits<double>::quiet_NaN();
    av_frame_unref(picture_.get());
    ++frames_;
    damaged_at_last_frame_ = decoder_.damaged();
    WarnOfDamage();
    return true;
  }

  Orientation OrientationNow() const {
    return OrientationOf(*picture_, OrientationOf(input_->video(), input_->orientation()));
  }

  void WarnOfDamage() {
    if (warned_ || decoder_.damaged() + damaged_packets_ == 0 || !log_) return;
    warned_ = true;
    const std::string where = std::isfinite(time_) ? Format(" near %.2f s", time_) : "";
    log_(input_->name() + " is damaged" + where + "; some frames may be missing or wrong");
  }

  // Throws if the end is not one.
  void End() {
    const std::string& name = input_->name();
    switch (last_) {
      case ReadResult::kStopped:
        return;
      case ReadResult::kTimedOut:
        throw Error(ErrorCode::kDeadlineExceeded,
                    name +
                        Format(" has given no frame for %.3g seconds",
                               std::chrono::duration<double>(timeout_).count()) +
                        "; check its disk, cable or network");
      default:
        break;
    }
    if (!recording_) {
      const bool failed = last_ == ReadResult::kFailed;
      if (failed) throw Error(ErrorCode::kUnavailable, name + " failed: " + input_->failure());
      return;
    }
    const std::string missing = Missing();
    if (missing.empty()) return;
    throw Error(ErrorCode::kDataLoss, "the video " + name + " breaks off after frame " +
                                          std::to_string(frames_) + ": the file is truncated or " +
                                          "damaged, or its transfer was cut (" + missing +
                                          "); the frames before are sound");
  }

  // What a recording lacks at its end; empty: nothing.
  std::string Missing() {
    if (last_ == ReadResult::kFailed) return input_->failure();
    const int64_t lost = decoder_.damaged() - damaged_at_last_frame_;
    if (lost > 0) return "what follows cannot be decoded";
    return wholeness_.Missing();
  }

  const std::chrono::milliseconds timeout_;
  const std::function<void(const std::string&)> log_;
  const std::unique_ptr<Input> input_;
  const bool recording_;
  const bool has_times_;
  const double rate_;
  const int64_t count_;
  VideoDecoder decoder_;
  PictureConverter converter_;
  MediaClock clock_;
  Wholeness wholeness_;
  PacketPtr packet_;
  FramePtr picture_;

  Image first_;
  double first_time_ = 0;
  double time_ = std::numeric_limits<double>::quiet_NaN();
  FrameSize size_;
  int64_t frames_ = 0;
  int64_t damaged_packets_ = 0, damaged_at_last_frame_ = 0;
  ReadResult last_ = ReadResult::kPacket;
  bool drained_ = false, ended_ = false, warned_ = false;
};

}  // namespace

std::unique_ptr<Source> OpenInput(InputRequest request,
                                  std::function<void(const std::string&)> log) {
  const std::chrono::milliseconds timeout = request.timeout;
  auto input = std::make_unique<Input>(std::move(request));
  if (input->IsPictureBehindAddress()) {
    const std::string name = input->name();
    return OpenPicture(input->ReadAddress(kMaxPictureBytes), name);
  }
  return std::make_unique<InputSource>(std::move(input), timeout, std::move(log));
}

}  // namespace shadowtutor::video::internal
