// Working memory that kernels borrow: grows to the largest request and then stays, so that the
// steady state allocates nothing.
#ifndef SHADOWTUTOR_NN_KERNELS_SCRATCH_H_
#define SHADOWTUTOR_NN_KERNELS_SCRATCH_H_

#include <cstddef>
#include <vector>

#include "core/parallel.h"
#include "nn/kernels/tensor.h"

namespace shadowtutor::nn {

/// One user at a time; what Floats or Doubles returned is overwritten by the next kernel.
class Scratch {
 public:
  float* Floats(size_t count) {
    if (floats_.size() < count) floats_ = Buffer(count);
    return floats_.data();
  }
  /// Before a ParallelFor: `count` floats for every thread that may take part, so that which ones
  /// do makes no difference.
  void PrepareSlots(size_t count) {
    const auto slots = static_cast<size_t>(ThreadSlots());
    if (slots_.size() < slots) slots_.resize(slots);
    for (Buffer& slot : slots_) {
      if (slot.size() < count) slot = Buffer(count);
    }
  }
  /// Inside its body: this thread's.
  float* SlotFloats() { return slots_[static_cast<size_t>(ThreadSlot())].data(); }
  double* Doubles(size_t count) {
    if (doubles_.size() < count) doubles_.resize(count);
    return doubles_.data();
  }

 private:
  Buffer floats_;
  std::vector<double> doubles_;
  std::vector<Buffer> slots_;
};

/// Into how many tasks `rows` rows are split where tasks leave partial sums behind. Depends on the
/// shape alone, so that sums come out the same on any number of threads.
constexpr int SumChunks(int rows) { return rows < 12 ? 1 : rows < 96 ? rows / 6 : 16; }
constexpr int ChunkBegin(int rows, int chunks, int chunk) {
  return static_cast<int>(static_cast<long long>(rows) * chunk / chunks);
}

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_SCRATCH_H_
