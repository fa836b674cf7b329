// How trained weights travel down: whole in fp32, or as the change since the last update in fp16.
//
// Both sides decode the same payload onto the same base, so they hold the same bits afterwards;
// what fp16 rounds off is part of the next difference and so is not lost.
#ifndef SHADOWTUTOR_WIRE_UPDATE_CODEC_H_
#define SHADOWTUTOR_WIRE_UPDATE_CODEC_H_

#include <cstdint>
#include <span>
#include <vector>

namespace shadowtutor::wire {

enum class UpdateCodec : uint8_t { kFp32, kFp16 };

/// What both sides compare after an update: FloatChecksum64 (core/checksum.h) of the trained
/// suffix.
uint64_t WeightChecksum(std::span<const float> weights);

/// Bytes of every payload for `count` weights.
size_t UpdateBytes(UpdateCodec codec, size_t count);

/// Encodes the way from `base` (what the client holds) to `target` (what the server trained),
/// little endian. `DecodeUpdate(base, EncodeUpdate(base, target))` is what both sides hold
/// afterwards: for kFp32 it is `target` itself, for kFp16 `base` plus the difference in half
/// precision (to nearest even, saturating at 65504). Throws Error kInvalidArgument when the sizes
/// differ or a weight is NaN or infinite.
std::vector<uint8_t> EncodeUpdate(UpdateCodec codec, std::span<const float> base,
                                  std::span<const float> target);

/// Throws Error kDataLoss when the payload does not fit `base` or makes a weight NaN or infinite.
std::vector<float> DecodeUpdate(UpdateCodec codec, std::span<const float> base,
                                std::span<const uint8_t> payload);

}  // namespace shadowtutor::wire

#endif  // SHADOWTUTOR_WIRE_UPDATE_CODEC_H_
