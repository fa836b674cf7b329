#include "core/parallel.h"

namespace shadowtutor {

namespace {
thread_local int serial_scopes = 0;
}  // namespace

void internal::RunTasks(int tasks, void* context, TaskFunction function) {
  if (tasks > 1 && MaxThreads() > 1) {
    RunOnThreads(tasks, context, function);
    return;
  }
  for (int task = 0; task < tasks; ++task) function(context, task);
}

SerialScope::SerialScope() { ++serial_scopes; }

SerialScope::~SerialScope() { --serial_scopes; }

int MaxThreads() { return serial_scopes > 0 ? 1 : internal::AllowedThreads(); }

}  // namespace shadowtutor
