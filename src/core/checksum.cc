#include "core/checksum.h"

#include "core/bit_cast.h"

namespace shadowtutor {

namespace {

constexpr uint64_t kOffset = 0xcbf29ce484222325ull;
constexpr uint64_t kPrime = 0x100000001b3ull;

}  // namespace

uint64_t Fnv1a64(std::span<const uint8_t> bytes) {
  uint64_t hash = kOffset;
  for (const uint8_t byte : bytes) hash = (hash ^ byte) * kPrime;
  return hash;
}

uint64_t FloatChecksum64(std::span<const float> values) {
  uint64_t hash = kOffset ^ values.size();
  const auto round = [&](uint64_t word) {
    hash = (hash ^ word) * kPrime;
    hash ^= hash >> 32;
  };
  size_t i = 0;
  for (; i + 1 < values.size(); i += 2) {
    round(BitCast<uint32_t>(values[i]) | static_cast<uint64_t>(BitCast<uint32_t>(values[i + 1]))
                                             << 32);
  }
  if (i < values.size()) round(BitCast<uint32_t>(values[i]));
  return hash;
}

}  // namespace shadowtutor
