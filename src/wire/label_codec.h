// Label maps on their way to the client, when the server segments every frame: as PNG, or as runs
// (wire/label_rle.h). Part of the library target shadowtutor_jpeg, because PNG needs OpenCV, which
// the device library does not link.
#ifndef SHADOWTUTOR_WIRE_LABEL_CODEC_H_
#define SHADOWTUTOR_WIRE_LABEL_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "shadowtutor/types.h"

namespace shadowtutor::wire {

enum class LabelCodec : uint8_t { kPng, kRle };

/// The most bytes that an encoded label map of a frame of `size` may have.
size_t MaxLabelBytes(FrameSize size);

/// Throws Error as CheckFrameSize does. Thread safety: any thread.
std::vector<uint8_t> EncodeLabels(LabelCodec codec, const LabelMap& labels);

/// Throws Error as CheckFrameSize does, and kDataLoss when the bytes are not a complete label map
/// of the declared size. The size is checked before anything is allocated. Thread safety: any
/// thread.
LabelMap DecodeLabels(LabelCodec codec, std::span<const uint8_t> bytes, FrameSize declared);

}  // namespace shadowtutor::wire

#endif  // SHADOWTUTOR_WIRE_LABEL_CODEC_H_
