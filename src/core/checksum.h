// FNV-1a, 64 bits: tells different weights apart; no defence against an adversary.
#ifndef SHADOWTUTOR_CORE_CHECKSUM_H_
#define SHADOWTUTOR_CORE_CHECKSUM_H_

#include <cstdint>
#include <span>

namespace shadowtutor {

uint64_t Fnv1a64(std::span<const uint8_t> bytes);

}  // namespace shadowtutor

#endif  // SHADOWTUTOR_CORE_CHECKSUM_H_
