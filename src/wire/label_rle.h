// Label maps as runs of equal labels, row by row: what a teacher's answer weighs on the network
// when every frame is segmented by the server. Part of the device library.
//
// The format, "RLE 1": every row from the top is
//     varint n
//     n = 0: the row is like the one above (not for the first row)
//     n >= 1: n runs: label, varint length, label, varint length, ..., label
// The last run has no length: it reaches to the row's end. Lengths are at least 1. A label is a
// byte, a varint is the usual one: 7 bits a byte, the lowest first, the top bit set in all but the
// last.
#ifndef SHADOWTUTOR_WIRE_LABEL_RLE_H_
#define SHADOWTUTOR_WIRE_LABEL_RLE_H_

#include <cstdint>
#include <span>
#include <vector>

#include "shadowtutor/types.h"

namespace shadowtutor::wire {

/// Throws Error as CheckFrameSize. Thread safety: any thread.
std::vector<uint8_t> EncodeLabelRle(const LabelMap& labels);

/// Throws Error kDataLoss when the bytes are not exactly one map of the declared size, and as
/// CheckFrameSize. Time and memory are bounded by the declared size. Thread safety: any thread.
LabelMap DecodeLabelRle(std::span<const uint8_t> bytes, FrameSize declared);

}  // namespace shadowtutor::wire

#endif  // SHADOWTUTOR_WIRE_LABEL_RLE_H_
