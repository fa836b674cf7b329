#include "eval/sim/naive.h"

#include <utility>

namespace shadowtutor::eval {

Naive::Naive(const StrategyInputs& inputs, Channel channel)
    : teacher_(*inputs.teacher),
      encoder_(inputs.options.label_codec),
      channel_(std::move(channel)) {}

FrameOutcome Naive::Process(ImageView frame, uint64_t index, LabelMap& prediction) {
  const Sent sent = channel_(frame);
  const ImageView seen = sent.decoded.empty() ? frame : sent.decoded.view();
  const teacher::Answer answer = teacher_.Label(seen, index);
  const auto labels = encoder_.Encode(answer.label);
  prediction = decoder_.Decode(encoder_.codec(), labels, frame.size());
  ++totals_.key_frames;
  totals_.bytes_up += sent.bytes;
  totals_.encode_ms += sent.encode_ms;
  totals_.bytes_down += labels.size();
  return {.key_frame = true, .update_applied = false, .stride = 1};
}

}  // namespace shadowtutor::eval
