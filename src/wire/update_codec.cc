#include "wire/update_codec.h"

#include <cmath>
#include <string>

#include "core/bit_cast.h"
#include "core/checksum.h"
#include "core/half.h"
#include "shadowtutor/types.h"

namespace shadowtutor::wire {

namespace {

// Little endian on every machine. On little-endian machines compilers turn Store32 and Load32 into
// single instructions.
void Store32(uint32_t value, uint8_t* to) {
  for (int i = 0; i < 4; ++i) to[i] = static_cast<uint8_t>(value >> (8 * i));
}

uint32_t Load32(const uint8_t* from) {
  return static_cast<uint32_t>(from[0]) | static_cast<uint32_t>(from[1]) << 8 |
         static_cast<uint32_t>(from[2]) << 16 | static_cast<uint32_t>(from[3]) << 24;
}

void Store16(uint16_t value, uint8_t* to) {
  to[0] = static_cast<uint8_t>(value);
  to[1] = static_cast<uint8_t>(value >> 8);
}

uint16_t Load16(const uint8_t* from) { return static_cast<uint16_t>(from[0] | from[1] << 8); }

[[noreturn]] void ThrowUnknown(UpdateCodec codec) {
  throw Error(ErrorCode::kInvalidArgument,
              "update codec " + std::to_string(static_cast<int>(codec)) +
                  " is unknown here; use the same release on both sides");
}

}  // namespace

uint64_t WeightChecksum(std::span<const float> weights) { return FloatChecksum64(weights); }

size_t UpdateBytes(UpdateCodec codec, size_t count) {
  switch (codec) {
    case UpdateCodec::kFp32:
      return count * 4;
    case UpdateCodec::kFp16:
      return count * 2;
    case UpdateCodec::kCoded:
      return count * 4 + 1;
  }
  ThrowUnknown(codec);
}

void CheckUpdate(std::span<const float> base, std::span<const float> target) {
  if (base.size() != target.size()) {
    throw Error(ErrorCode::kInvalidArgument,
                "an update needs as many weights as its base: " + std::to_string(target.size()) +
                    " against " + std::to_string(base.size()));
  }
  for (size_t i = 0; i < target.size(); ++i) {
    if (!std::isfinite(target[i]) || !std::isfinite(base[i])) {
      throw Error(ErrorCode::kInvalidArgument,
                  "weight " + std::to_string(i) + " is not a finite number; training has diverged");
    }
  }
}

std::vector<uint8_t> EncodeUpdate(UpdateCodec codec, std::span<const float> base,
                                  std::span<const float> target) {
  if (codec == UpdateCodec::kCoded) ThrowUnknown(codec);
  CheckUpdate(base, target);
  std::vector<uint8_t> payload(UpdateBytes(codec, target.size()));
  for (size_t i = 0; i < target.size(); ++i) {
    if (codec == UpdateCodec::kFp32) {
      Store32(BitCast<uint32_t>(target[i]), &payload[i * 4]);
    } else {
      // The difference of two finite floats can be infinite; it saturates like any large value.
      const float difference = target[i] - base[i];
      const bool overflow = std::isinf(difference);
      Store16(HalfFromFloat(overflow ? std::copysign(65504.0f, difference) : difference),
              &payload[i * 2]);
    }
  }
  return payload;
}

std::vector<float> DecodeUpdate(UpdateCodec codec, std::span<const float> base,
                                std::span<const uint8_t> payload) {
  if (codec == UpdateCodec::kCoded) ThrowUnknown(codec);
  const size_t expected = UpdateBytes(codec, base.size());
  if (payload.size() != expected) {
    throw Error(ErrorCode::kDataLoss, "an update of " + std::to_string(payload.size()) +
                                          " bytes does not fit the student, which takes " +
                                          std::to_string(expected));
  }
  std::vector<float> weights(base.size());
  for (size_t i = 0; i < weights.size(); ++i) {
    weights[i] = codec == UpdateCodec::kFp32 ? BitCast<float>(Load32(&payload[i * 4]))
                                             : base[i] + FloatFromHalf(Load16(&payload[i * 2]));
    if (!std::isfinite(weights[i])) {
      throw Error(ErrorCode::kDataLoss,
                  "an update makes weight " + std::to_string(i) + " NaN or infinite");
    }
  }
  return weights;
}

}  // namespace shadowtutor::wire
