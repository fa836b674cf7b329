// Two 64-bit checksums that detect accidental differences. They are no protection against somebody
// who makes collisions on purpose.
#ifndef SHADOWTUTOR_CORE_CHECKSUM_H_
#define SHADOWTUTOR_CORE_CHECKSUM_H_

#include <cstdint>
#include <span>

namespace shadowtutor {

/// FNV-1a, 64 bits.
uint64_t Fnv1a64(std::span<const uint8_t> bytes);

/// A checksum of floats, eight times as fast as Fnv1a64: FNV-1a over 64-bit words of two floats
/// each (the first float's bits low, the second's high; an odd last float makes a word of its own),
/// where each round also folds the high half of the hash into the low half. Without that fold a
/// word's top bit would reach only the top bit of the hash, and two changed signs could cancel out.
/// It hashes bits, not values: 0 and -0 differ. The result does not depend on the machine's byte
/// order.
uint64_t FloatChecksum64(std::span<const float> values);

}  // namespace shadowtutor

#endif  // SHADOWTUTOR_CORE_CHECKSUM_H_
