// A frame to the server and the teacher's label map back, for the strategies without a student.
#ifndef SHADOWTUTOR_EVAL_SIM_SEGMENT_EXCHANGE_H_
#define SHADOWTUTOR_EVAL_SIM_SEGMENT_EXCHANGE_H_

#include <cstdint>
#include <functional>

#include "eval/sim/strategy.h"

namespace shadowtutor::eval {

/// With StrategyOptions::sent_width the frame travels reduced. The server enlarges it again for the
/// teacher, and reduces the label map, which travels in the size of the frame that was sent; the
/// device enlarges it. Otherwise both travel as they are. Thread safety: one thread.
class SegmentExchange {
 public:
  /// One frame as it was sent to the server.
  struct Sent {
    size_t bytes = 0;
    Image decoded;         // empty: the codec is lossless
    double encode_ms = 0;  // time that encoding took
  };
  /// Encodes a frame and decodes it again.
  using Channel = std::function<Sent(ImageView frame)>;

  SegmentExchange(const StrategyInputs& inputs, Channel channel);

  struct Answer {
    LabelMap labels;  // in the frame's size
    uint64_t bytes_up = 0, bytes_down = 0;
    double encode_ms = 0, teacher_ms = 0;  // as measured
  };
  /// The frame at `index` to the server and back. Throws as the teacher and the codecs do.
  Answer Ask(ImageView frame, uint64_t index);

 private:
  teacher::Teacher& teacher_;
  const int sent_width_;
  const Channel channel_;
  wire::LabelEncoder encoder_;
  wire::LabelDecoder decoder_;
};

/// Throws Error kInvalidArgument for a width that no frame can have.
void CheckSentWidth(const StrategyOptions& options);

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_SIM_SEGMENT_EXCHANGE_H_
