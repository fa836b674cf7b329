#include <memory>

#include "eval/sim/naive.h"
#include "eval/sim/timed.h"
#include "wire/h264.h"

namespace shadowtutor::eval {
namespace {

// Both ends of one H.264 stream; a new one begins where the frames' size changes.
class Stream {
 public:
  explicit Stream(double frames_per_second) : frames_per_second_(frames_per_second) {}

  Naive::Sent Send(ImageView frame) {
    if (!encoder_ || frame.size() != size_) {
      size_ = frame.size();
      encoder_ =
          std::make_unique<wire::H264Encoder>(size_, wire::kDefaultH264Crf, frames_per_second_);
      decoder_ = std::make_unique<wire::H264Decoder>();
    }
    double encode_ms = 0;
    const auto unit = Timed(encode_ms, [&] { return encoder_->Encode(frame); });
    return {unit.size(), decoder_->Decode(unit, size_), encode_ms};
  }

 private:
  const double frames_per_second_;
  FrameSize size_;
  std::unique_ptr<wire::H264Encoder> encoder_;
  std::unique_ptr<wire::H264Decoder> decoder_;
};

std::unique_ptr<Strategy> Make(const StrategyInputs& inputs) {
  return std::make_unique<Naive>(
      inputs, [stream = std::make_shared<Stream>(inputs.frames_per_second)](ImageView frame) {
        return stream->Send(frame);
      });
}

}  // namespace

extern const StrategyEntry kNaiveH264;
const StrategyEntry kNaiveH264 = {
    .name = "naive-h264",
    .label = "naive H.264",
    .description = "the same with the frames as one H.264 video",
    .alters_frames = true,
    .check = [](const StrategyOptions&) {},
    .make = Make,
};

}  // namespace shadowtutor::eval
