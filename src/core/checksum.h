// Two short checksums that tell different bytes apart; no defence against an adversary.
#ifndef SHADOWTUTOR_CORE_CHECKSUM_H_
#define SHADOWTUTOR_CORE_CHECKSUM_H_

#include <cstdint>
#include <span>

namespace shadowtutor {

/// FNV-1a, 64 bits.
uint64_t Fnv1a64(std::span<const uint8_t> bytes);

/// A variant of our own that takes two floats at a time, eight times as fast: FNV-1a over 64-bit
/// words (the first float's bits low, the second's high; a last odd one alone), where each round
/// also folds the high half of the hash into the low one. Without that fold a word's top bit would
/// reach the top bit of the hash only, and two changed signs could cancel out. It looks at bits,
/// not at values: 0 and -0 differ, and the result is the same on machines of either byte order.
uint64_t FloatChecksum64(std::span<const float> values);

}  // namespace shadowtutor

#endif  // SHADOWTUTOR_CORE_CHECKSUM_H_
