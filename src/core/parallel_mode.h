// What each way of running loops implements: parallel_tbb.cc on oneTBB, parallel_std.cc on threads
// of our own, parallel_none.cc on none at all. The CMake option SHADOWTUTOR_THREADS chooses the
// file that is linked, which also defines ThreadSlot, ThreadSlots, ThreadLimit and ComputingThread
// of core/parallel.h. For parallel.cc, which has what they share; include core/parallel.h
// elsewhere.
#ifndef SHADOWTUTOR_CORE_PARALLEL_MODE_H_
#define SHADOWTUTOR_CORE_PARALLEL_MODE_H_

#include "core/parallel.h"

namespace shadowtutor::internal {

/// The threads that a loop may use by the limits of the whole process, the caller included: 1 or
/// more. Thread safety: any thread.
int AllowedThreads();

/// RunTasks for at least two tasks, which at least two threads may run.
void RunOnThreads(int tasks, void* context, TaskFunction function);

}  // namespace shadowtutor::internal

#endif  // SHADOWTUTOR_CORE_PARALLEL_MODE_H_
