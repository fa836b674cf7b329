#include "core/parallel.h"

#include <tbb/blocked_range.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>

namespace shadowtutor {

namespace internal {

void RunTasks(int tasks, void* context, TaskFunction function) {
  if (tasks <= 0) return;
  if (tasks == 1 || MaxThreads() == 1) {
    for (int task = 0; task < tasks; ++task) function(context, task);
    return;
  }
  tbb::parallel_for(
      tbb::blocked_range<int>(0, tasks, 1),
      [=](const tbb::blocked_range<int>& range) {
        for (int task = range.begin(); task < range.end(); ++task) function(context, task);
      },
      tbb::simple_partitioner());
}

}  // namespace internal

int MaxThreads() {
  return static_cast<int>(
      tbb::global_control::active_value(tbb::global_control::max_allowed_parallelism));
}

ThreadLimit::ThreadLimit(int threads) {
  if (threads > 0) {
    control_ = new tbb::global_control(tbb::global_control::max_allowed_parallelism,
                                       static_cast<size_t>(threads));
  }
}

ThreadLimit::~ThreadLimit() { delete static_cast<tbb::global_control*>(control_); }

}  // namespace shadowtutor
