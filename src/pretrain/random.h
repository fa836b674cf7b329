// Streams of random numbers. Each purpose has a stream of its own, so its numbers do not depend on
// what was drawn for other purposes: sample 17 of step 4,000 is the same on every thread, and also
// if the run was interrupted before.
//
// Thread safety: one thread at a time per object.
#ifndef SHADOWTUTOR_PRETRAIN_RANDOM_H_
#define SHADOWTUTOR_PRETRAIN_RANDOM_H_

#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

namespace shadowtutor::pretrain {

/// The generator SplitMix64, which gives the same numbers on every machine.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  /// A separate stream for each pair of `a` (a purpose) and `b` (a number).
  Random(uint64_t seed, uint64_t a, uint64_t b) : state_(seed) {
    state_ = Next() ^ (a * 0xd1342543de82ef95ull);
    state_ = Next() ^ (b * 0xaf251af3b0f025b5ull);
    Next();
  }

  uint64_t Next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  /// A number in [0, 1).
  double Uniform() { return static_cast<double>(Next() >> 11) * 0x1p-53; }
  double Uniform(double low, double high) { return low + (high - low) * Uniform(); }
  /// A number whose logarithm is uniform; both bounds must be positive.
  double LogUniform(double low, double high) {
    return std::exp(Uniform(std::log(low), std::log(high)));
  }
  /// A number in [0, count); count > 0.
  size_t Below(size_t count) { return static_cast<size_t>(Next() % count); }
  bool Chance(double probability) { return Uniform() < probability; }

 private:
  uint64_t state_;
};

/// The numbers 0 ... count - 1 in random order.
inline std::vector<uint32_t> Shuffled(size_t count, Random random) {
  std::vector<uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0u);
  for (size_t i = count; i > 1; --i) std::swap(order[i - 1], order[random.Below(i)]);
  return order;
}

}  // namespace shadowtutor::pretrain

#endif  // SHADOWTUTOR_PRETRAIN_RANDOM_H_
