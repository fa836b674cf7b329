// The engine's kernels on the shapes that the network has for one frame size, each ready to run by
// itself on activations and gradients of a real pass.
#ifndef SHADOWTUTOR_BENCH_KERNEL_ROWS_H_
#define SHADOWTUTOR_BENCH_KERNEL_ROWS_H_

#include <functional>
#include <string>
#include <vector>

#include "shadowtutor/types.h"

namespace shadowtutor::bench {

struct KernelRow {
  std::string name;
  double executed = 0;  // multiply-adds that the kernel does; 0 if it is not measured by them
  double direct = 0;    // multiply-adds that the plain sum over taps and channels would take
  double bytes = 0;     // bytes that it must read and write at least once
  std::function<void()> run;
};

/// All rows, in the order in which a step runs them. They share one network's memory, which lives
/// as long as any of them.
std::vector<KernelRow> MakeKernelRows(FrameSize size);

}  // namespace shadowtutor::bench

#endif  // SHADOWTUTOR_BENCH_KERNEL_ROWS_H_
