// Loops without threads: the calling thread runs them all.
#include <memory>

#include "core/parallel.h"

namespace shadowtutor {

int internal::AllowedThreads() { return 1; }

// Not called as long as one thread is allowed.
void internal::RunOnThreads(int tasks, void* context, TaskFunction function) {
  for (int task = 0; task < tasks; ++task) function(context, task);
}

int ThreadSlot() { return 0; }

int ThreadSlots() { return 1; }

// There is nothing to limit and nothing to share.
struct internal::PoolLimit {};

ComputingThread::ComputingThread() = default;

// It must not be trivial, because the header is the same for all ways.
ComputingThread::~ComputingThread() {}  // NOLINT(modernize-use-equals-default)

ThreadLimit::ThreadLimit(int) {}

ThreadLimit::~ThreadLimit() = default;

}  // namespace shadowtutor
