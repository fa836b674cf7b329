// Hostile bytes for what decodes: good ones with a few bytes changed, or cut short.
#ifndef SHADOWTUTOR_WIRE_TESTING_DAMAGE_H_
#define SHADOWTUTOR_WIRE_TESTING_DAMAGE_H_

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace shadowtutor::wire {

/// The first `kept` bytes stay as they are.
inline std::vector<uint8_t> Damaged(std::vector<uint8_t> bytes, size_t kept, std::mt19937& random) {
  const size_t changes = 1 + random() % 6;
  for (size_t i = 0; i < changes && bytes.size() > kept; ++i) {
    bytes[kept + random() % (bytes.size() - kept)] = static_cast<uint8_t>(random());
  }
  if (random() % 4 == 0) bytes.resize(kept + random() % (bytes.size() - kept + 1));
  return bytes;
}

}  // namespace shadowtutor::wire

#endif  // SHADOWTUTOR_WIRE_TESTING_DAMAGE_H_
