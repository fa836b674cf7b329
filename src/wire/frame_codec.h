// How key frames travel up: as raw pixels here, as JPEG in wire/jpeg.h.
#ifndef SHADOWTUTOR_WIRE_FRAME_CODEC_H_
#define SHADOWTUTOR_WIRE_FRAME_CODEC_H_

#include <cstdint>
#include <span>
#include <vector>

#include "shadowtutor/types.h"

namespace shadowtutor::wire {

enum class FrameCodec : uint8_t { kRaw, kJpeg };

/// Throws Error kInvalidArgument for sides below 1, kResourceExhausted over kMaxFrameSide or
/// kMaxFramePixels. To be called on every size that came over the network, before allocating.
void CheckFrameSize(FrameSize size);

/// Bytes of the raw pixels: BGR, row by row without gaps.
inline size_t RawFrameBytes(FrameSize size) { return size.pixels() * 3; }

std::vector<uint8_t> PackRawFrame(ImageView frame);

/// Throws Error as CheckFrameSize, and kDataLoss when the bytes are not exactly that many.
Image UnpackRawFrame(std::span<const uint8_t> payload, FrameSize declared);

}  // namespace shadowtutor::wire

#endif  // SHADOWTUTOR_WIRE_FRAME_CODEC_H_
