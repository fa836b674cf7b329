// Every frame of the camera as one video, in each codec that key frames can have.
#include <memory>

#include "eval/sim/naive.h"
#include "eval/sim/timed.h"
#include "wire/h264.h"
#include "wire/video_coder.h"

namespace shadowtutor::eval {
namespace {

// Both ends of one stream; a new one begins where the frames' size changes.
class Stream {
 public:
  Stream(wire::FrameCodec codec, int crf, double frames_per_second)
      : codec_(codec), crf_(crf), frames_per_second_(frames_per_second) {}

  SegmentExchange::Sent Send(ImageView frame) {
    if (!encoder_ || frame.size() != size_) {
      size_ = frame.size();
      encoder_ = std::make_unique<wire::VideoEncoder>(codec_, size_, crf_, frames_per_second_);
      decoder_ = std::make_unique<wire::VideoDecoder>(codec_);
    }
    double encode_ms = 0;
    const auto unit = Timed(encode_ms, [&] { return encoder_->Encode(frame); });
    return {unit.size(), decoder_->Decode(unit, size_), encode_ms};
  }

 private:
  const wire::FrameCodec codec_;
  const int crf_;
  const double frames_per_second_;
  FrameSize size_;
  std::unique_ptr<wire::VideoEncoder> encoder_;
  std::unique_ptr<wire::VideoDecoder> decoder_;
};

template <wire::FrameCodec codec>
std::unique_ptr<Strategy> Make(const StrategyInputs& inputs) {
  const int crf = inputs.options.quality.crf.value_or(wire::kDefaultH264Crf);
  return std::make_unique<Naive>(
      inputs, [stream = std::make_shared<Stream>(codec, crf, inputs.frames_per_second)](
                  ImageView frame) { return stream->Send(frame); });
}

template <wire::FrameCodec codec>
constexpr StrategyEntry Entry(std::string_view name, std::string_view label,
                              std::string_view description) {
  return {
      .name = name,
      .label = label,
      .description = description,
      .heeds_delay = true,
      .alters_frames = true,
      .every_frame_as = codec,
      .receives_labels = true,
      .check = Naive::Check,
      .make = Make<codec>,
  };
}

}  // namespace

extern const StrategyEntry kNaiveH264, kNaiveVp9, kNaiveAv1;
const StrategyEntry kNaiveH264 = Entry<wire::FrameCodec::kH264>(
    "naive-h264", "naive H.264", "the same with the frames as one H.264 video");
const StrategyEntry kNaiveVp9 =
    Entry<wire::FrameCodec::kVp9>("naive-vp9", "naive VP9", "as VP9, not one of the three");
const StrategyEntry kNaiveAv1 =
    Entry<wire::FrameCodec::kAv1>("naive-av1", "naive AV1", "as AV1, not one of the three");

}  // namespace shadowtutor::eval
