#include "eval/sim/segment_exchange.h"

#include <string>
#include <utility>

#include "eval/sim/label_scaling.h"
#include "eval/sim/timed.h"

namespace shadowtutor::eval {

SegmentExchange::SegmentExchange(const StrategyInputs& inputs, Channel channel)
    : teacher_(*inputs.teacher),
      sent_width_(inputs.options.sent_width),
      channel_(std::move(channel)),
      encoder_(inputs.options.label_codec) {}

SegmentExchange::Answer SegmentExchange::Ask(ImageView frame, uint64_t index) {
  const FrameSize size = ReducedTo(sent_width_, frame.size());
  const bool reduced = size != frame.size();
  Image small;
  if (reduced) small = Scaled(frame, size);
  const ImageView given = reduced ? small.view() : frame;
  const Sent sent = channel_(given);
  const ImageView got = sent.decoded.empty() ? given : sent.decoded.view();
  Image enlarged;
  if (reduced) enlarged = Scaled(got, frame.size());

  double teacher_ms = 0;
  const LabelMap label = Timed(
      teacher_ms, [&] { return teacher_.Label(reduced ? enlarged.view() : got, index).label; });
  const auto bytes = encoder_.Encode(reduced ? Scaled(label, size) : label);
  LabelMap labels = decoder_.Decode(encoder_.codec(), bytes, size);
  if (reduced) labels = Scaled(labels, frame.size());
  return {std::move(labels), sent.bytes, bytes.size(), sent.encode_ms, teacher_ms};
}

void CheckSentWidth(const StrategyOptions& options) {
  if (options.sent_width >= 0 && options.sent_width <= kMaxFrameSide) return;
  throw Error(ErrorCode::kInvalidArgument,
              "frames can be sent 1 to " + std::to_string(kMaxFrameSide) +
                  " pixels wide (0: as they are), not " + std::to_string(options.sent_width));
}

}  // namespace shadowtutor::eval
