// The encoding of trained weights in updates: the weights themselves in fp32, or their change since
// the last update in fp16.
//
// Client and server both apply the same payload to the same base, so they hold the same bits
// afterwards. A rounding error of fp16 is part of the next update's difference and so is not lost.
//
// Thread safety: any thread.
#ifndef SHADOWTUTOR_WIRE_UPDATE_CODEC_H_
#define SHADOWTUTOR_WIRE_UPDATE_CODEC_H_

#include <cstdint>
#include <span>
#include <vector>

namespace shadowtutor::wire {

enum class UpdateCodec : uint8_t {
  kFp32,
  kFp16,
  kCoded,  // has its own functions, in wire/coded_update.h
};

/// The checksum by which both sides compare their trained suffixes after an update: FloatChecksum64
/// (core/checksum.h).
uint64_t WeightChecksum(std::span<const float> weights);

/// Bytes of the payload of an update of `count` weights; of a coded one, the most. This and the
/// functions below throw Error kInvalidArgument for a codec that this version does not know.
size_t UpdateBytes(UpdateCodec codec, size_t count);

/// Throws Error kInvalidArgument when the sizes differ or a weight is NaN or infinite: no codec
/// takes such an update.
void CheckUpdate(std::span<const float> base, std::span<const float> target);

/// Encodes the change from `base` (the weights that the client holds) to `target` (the weights that
/// the server trained), little endian. Afterwards both sides hold
/// `DecodeUpdate(codec, base, EncodeUpdate(codec, base, target))`: with kFp32 that is `target`,
/// with kFp16 it is `base` plus the difference rounded to half precision (nearest, ties to even,
/// saturating at 65504). Checks them as CheckUpdate does. Not for kCoded, and neither is
/// DecodeUpdate.
std::vector<uint8_t> EncodeUpdate(UpdateCodec codec, std::span<const float> base,
                                  std::span<const float> target);

/// The weights that result from applying `payload` to `base`, as many as `base` has. Throws Error
/// kDataLoss when the payload has the wrong size or makes a weight NaN or infinite.
std::vector<float> DecodeUpdate(UpdateCodec codec, std::span<const float> base,
                                std::span<const uint8_t> payload);

}  // namespace shadowtutor::wire

#endif  // SHADOWTUTOR_WIRE_UPDATE_CODEC_H_
