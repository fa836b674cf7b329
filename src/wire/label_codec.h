// How label maps travel down when every frame is segmented by the server: as PNG, or as runs
// (wire/label_rle.h). In the library target shadowtutor_jpeg, because PNG needs OpenCV, which the
// device library does without.
#ifndef SHADOWTUTOR_WIRE_LABEL_CODEC_H_
#define SHADOWTUTOR_WIRE_LABEL_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "shadowtutor/types.h"

namespace shadowtutor::wire {

enum class LabelCodec : uint8_t { kPng, kRle };

/// The most bytes that an encoded label map of that size may have; longer ones are refused.
size_t MaxLabelBytes(FrameSize size);

/// Throws Error as CheckFrameSize. Thread safety: any thread.
std::vector<uint8_t> EncodeLabels(LabelCodec codec, const LabelMap& labels);

/// Throws Error kDataLoss when the bytes are not a whole label map of the declared size, and as
/// CheckFrameSize. Nothing is allocated before the size was compared. Thread safety: any thread.
LabelMap DecodeLabels(LabelCodec codec, std::span<const uint8_t> bytes, FrameSize declared);

}  // namespace shadowtutor::wire

#endif  // SHADOWTUTOR_WIRE_LABEL_CODEC_H_
