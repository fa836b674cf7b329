#include "eval/sim/naive.h"
#include "wire/frame_codec.h"

namespace shadowtutor::eval {
namespace {

std::unique_ptr<Strategy> Make(const StrategyInputs& inputs) {
  return std::make_unique<Naive>(inputs, [](ImageView frame) {
    return SegmentExchange::Sent{wire::RawFrameBytes(frame.size()), {}, 0};
  });
}

}  // namespace

extern const StrategyEntry kNaiveRaw;
const StrategyEntry kNaiveRaw = {
    .name = "naive-raw",
    .label = "naive raw",
    .description = "every frame to the server as raw pixels, its labels back (the paper's rival)",
    .heeds_delay = true,
    .every_frame_as = wire::FrameCodec::kRaw,
    .receives_labels = true,
    .check = Naive::Check,
    .make = Make,
};

}  // namespace shadowtutor::eval
