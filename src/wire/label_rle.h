// Label maps as runs of equal labels: a compact encoding of the teacher's answers for when the
// server segments every frame. Part of the device library.
//
// The format, "RLE 1", is a sequence of rows from the top. Each row is
//     varint n
//     n = 0: the row equals the one above (not allowed for the first row)
//     n >= 1: n runs: label, varint length, label, varint length, ..., label
// The last run has no length, because it reaches to the end of the row. Lengths are at least 1. A
// label is one byte. A varint has 7 bits per byte, the lowest bits first; the top bit is set in
// every byte but the last.
#ifndef SHADOWTUTOR_WIRE_LABEL_RLE_H_
#define SHADOWTUTOR_WIRE_LABEL_RLE_H_

#include <cstdint>
#include <span>
#include <vector>

#include "shadowtutor/types.h"

namespace shadowtutor::wire {

/// Throws Error as CheckFrameSize does. Thread safety: any thread.
std::vector<uint8_t> EncodeLabelRle(const LabelMap& labels);

/// Throws Error as CheckFrameSize does, and kDataLoss when the bytes are not exactly one map of the
/// declared size. The declared size bounds time and memory. Thread safety: any thread.
LabelMap DecodeLabelRle(std::span<const uint8_t> bytes, FrameSize declared);

}  // namespace shadowtutor::wire

#endif  // SHADOWTUTOR_WIRE_LABEL_RLE_H_
