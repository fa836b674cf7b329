// Working memory for kernels. It grows to the largest request and is then reused, so that repeated
// calls allocate nothing.
#ifndef SHADOWTUTOR_NN_KERNELS_SCRATCH_H_
#define SHADOWTUTOR_NN_KERNELS_SCRATCH_H_

#include <cstddef>
#include <vector>

#include "core/parallel.h"
#include "nn/kernels/tensor.h"

namespace shadowtutor::nn {

/// Kernels overwrite the memory from Floats, Doubles and SlotFloats. That from PassFloats and
/// PassDoubles stays until the next call of the same function.
///
/// Thread safety: used by one kernel at a time; SlotFloats from the threads of its loop.
class Scratch {
 public:
  float* Floats(size_t count) {
    if (floats_.size() < count) floats_ = Buffer(count);
    return floats_.data();
  }
  /// For code that calls kernels, which do not use this memory.
  double* PassDoubles(size_t count) {
    if (pass_doubles_.size() < count) pass_doubles_.resize(count);
    return pass_doubles_.data();
  }
  float* PassFloats(size_t count) {
    if (pass_floats_.size() < count) pass_floats_ = Buffer(count);
    return pass_floats_.data();
  }
  /// Call it before a ParallelFor: allocates `count` floats for every thread that may take part.
  void PrepareSlots(size_t count) {
    const auto slots = static_cast<size_t>(ThreadSlots());
    if (slots_.size() < slots) slots_.resize(slots);
    for (Buffer& slot : slots_) {
      if (slot.size() < count) slot = Buffer(count);
    }
  }
  /// Call it in the body of that loop: the calling thread's floats.
  float* SlotFloats() { return slots_[static_cast<size_t>(ThreadSlot())].data(); }
  double* Doubles(size_t count) {
    if (doubles_.size() < count) doubles_.resize(count);
    return doubles_.data();
  }

 private:
  Buffer floats_, pass_floats_;
  std::vector<double> doubles_, pass_doubles_;
  std::vector<Buffer> slots_;
};

/// The number of chunks into which `rows` rows are split when each chunk's task computes a partial
/// sum. It depends only on the shape, so sums have the same bits for any number of threads.
constexpr int SumChunks(int rows) { return rows < 12 ? 1 : rows < 96 ? rows / 6 : 16; }
/// The first row of chunk number `chunk`.
constexpr int ChunkBegin(int rows, int chunks, int chunk) {
  return static_cast<int>(static_cast<long long>(rows) * chunk / chunks);
}

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_SCRATCH_H_
