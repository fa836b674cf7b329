#include <memory>

#include "eval/sim/naive.h"
#include "eval/sim/timed.h"
#include "wire/h264.h"
#include "wire/video_coder.h"

namespace shadowtutor::eval {
namespace {

// Both ends of one H.264 stream; a new one begins where the frames' size changes.
class Stream {
 public:
  Stream(int crf, double frames_per_second) : crf_(crf), frames_per_second_(frames_per_second) {}

  SegmentExchange::Sent Send(ImageView frame) {
    if (!encoder_ || frame.size() != size_) {
      size_ = frame.size();
      encoder_ = std::make_unique<wire::VideoEncoder>(wire::FrameCodec::kH264, size_, crf_,
                                                      frames_per_second_);
      decoder_ = std::make_unique<wire::VideoDecoder>(wire::FrameCodec::kH264);
    }
    double encode_ms = 0;
    const auto unit = Timed(encode_ms, [&] { return encoder_->Encode(frame); });
    return {unit.size(), decoder_->Decode(unit, size_), encode_ms};
  }

 private:
  const int crf_;
  const double frames_per_second_;
  FrameSize size_;
  std::unique_ptr<wire::VideoEncoder> encoder_;
  std::unique_ptr<wire::VideoDecoder> decoder_;
};

std::unique_ptr<Strategy> Make(const StrategyInputs& inputs) {
  const int crf = inputs.options.quality.crf.value_or(wire::kDefaultH264Crf);
  return std::make_unique<Naive>(
      inputs, [stream = std::make_shared<Stream>(crf, inputs.frames_per_second)](ImageView frame) {
        return stream->Send(frame);
      });
}

}  // namespace

extern const StrategyEntry kNaiveH264;
const StrategyEntry kNaiveH264 = {
    .name = "naive-h264",
    .label = "naive H.264",
    .description = "the same with the frames as one H.264 video",
    .heeds_delay = true,
    .alters_frames = true,
    .every_frame_as = wire::FrameCodec::kH264,
    .receives_labels = true,
    .check = Naive::Check,
    .make = Make,
};

}  // namespace shadowtutor::eval
