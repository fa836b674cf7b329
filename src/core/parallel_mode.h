// What each way of running loops implements: parallel_tbb.cc on oneTBB, parallel_std.cc on threads
// of our own, parallel_none.cc on none at all. The CMake option SHADOWTUTOR_THREADS chooses the
// file that is linked, which also defines ThreadSlot, ThreadSlots, ThreadLimit and ComputingThread
// of core/parallel.h. Only core/parallel.* call what stands here; use that elsewhere.
#ifndef SHADOWTUTOR_CORE_PARALLEL_MODE_H_
#define SHADOWTUTOR_CORE_PARALLEL_MODE_H_

namespace shadowtutor::internal {

using TaskFunction = void (*)(void* context, int task);

/// The threads that a loop may use by the limits of the whole process, the caller included: 1 or
/// more. Thread safety: any thread.
int AllowedThreads();

/// Calls function(context, 0) ... function(context, tasks - 1), as ParallelFor does. There are at
/// least two tasks, and when the caller asked, AllowedThreads() was at least 2. Thread safety: any
/// thread.
void RunOnThreads(int tasks, void* context, TaskFunction function);

/// A limit of AllowedThreads() while it lives.
struct PoolLimit;

}  // namespace shadowtutor::internal

#endif  // SHADOWTUTOR_CORE_PARALLEL_MODE_H_
