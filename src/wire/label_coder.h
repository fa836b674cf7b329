// Label maps by an adaptive range coder (range_coder.h) that predicts each label from its
// neighbours and from the map before: hundreds of bytes where PNG takes thousands. Part of the
// device library.
//
// A label is coded as up to three decisions, each with a context of its neighbours: it is that of
// its left neighbour; it is that of the one above; it is that of the same place in the map before.
// If it is none of these, its eight bits follow.
#ifndef SHADOWTUTOR_WIRE_LABEL_CODER_H_
#define SHADOWTUTOR_WIRE_LABEL_CODER_H_

#include <cstdint>
#include <span>
#include <vector>

#include "shadowtutor/types.h"

namespace shadowtutor::wire {

/// One end of a stream of label maps. The other end must be given every map's bytes, in the same
/// order. A map of another size than the one before is predicted from itself alone.
///
/// Thread safety: one thread at a time.
class LabelCoder {
 public:
  /// Throws Error as CheckFrameSize does.
  std::vector<uint8_t> Encode(const LabelMap& labels);
  /// Throws Error as CheckFrameSize does, and kDataLoss when the bytes are not exactly one map of
  /// the declared size. Time and memory are bounded by that size. After an error it remembers what
  /// it did before.
  LabelMap Decode(std::span<const uint8_t> bytes, FrameSize declared);

 private:
  LabelMap last_;  // empty: there was none
};

}  // namespace shadowtutor::wire

#endif  // SHADOWTUTOR_WIRE_LABEL_CODER_H_
