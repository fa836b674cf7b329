#include "eval/sim/naive.h"
#include "eval/sim/timed.h"
#include "wire/jpeg.h"

namespace shadowtutor::eval {
namespace {

std::unique_ptr<Strategy> Make(const StrategyInputs& inputs) {
  return std::make_unique<Naive>(inputs, [quality = inputs.options.quality.jpeg](ImageView frame) {
    double encode_ms = 0;
    const auto bytes = Timed(encode_ms, [&] { return wire::EncodeJpeg(frame, quality); });
    return SegmentExchange::Sent{bytes.size(), wire::DecodeJpeg(bytes, frame.size()), encode_ms};
  });
}

}  // namespace

extern const StrategyEntry kNaiveJpeg;
const StrategyEntry kNaiveJpeg = {
    .name = "naive-jpeg",
    .label = "naive JPEG",
    .description = "the same with every frame as a JPEG",
    .heeds_delay = true,
    .alters_frames = true,
    .every_frame_as = wire::FrameCodec::kJpeg,
    .receives_labels = true,
    .check = Naive::Check,
    .make = Make,
};

}  // namespace shadowtutor::eval
