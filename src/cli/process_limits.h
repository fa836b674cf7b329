// The limits that the system sets for this process: open files, threads, address space.
//
// Libraries hang or abort when they cannot start a thread or get memory, and say nothing useful. So
// the commands with a network side ask first whether there is room for what they will need.
#ifndef SHADOWTUTOR_CLI_PROCESS_LIMITS_H_
#define SHADOWTUTOR_CLI_PROCESS_LIMITS_H_

#include <cstddef>
#include <string>

namespace shadowtutor::cli {

/// Raises the limit of open files to what the system allows this process: most systems begin with
/// 1024, for the sake of old programs. Does nothing where that fails. Thread safety: any thread.
void RaiseOpenFileLimit();

/// Throws Error kUnavailable, with a sentence that names the limit, when so many threads cannot be
/// started now while so many bytes of address space are in use besides. Thread safety: any thread.
void RequireRoom(int threads, size_t bytes);

/// Asks whether there is room for the threads and the memory that gRPC, the pool of threads and we
/// ourselves need at least. Where the address space is limited, it also has all threads share two
/// heaps, because each heap takes 64 MiB of it. Threads that run already count as some of those
/// that are needed. Throws as RequireRoom. To be called as early as possible, and again
/// before gRPC starts.
void RequireRoomForNetwork();

/// Ends the process with `sentence` and the exit code 1 when it lives longer than `seconds`: the
/// last resort against a library that hangs. Only one at a time in a process.
class LifeLine {
 public:
  LifeLine(unsigned seconds, const std::string& sentence);
  ~LifeLine();
  LifeLine(const LifeLine&) = delete;
  LifeLine& operator=(const LifeLine&) = delete;
};

}  // namespace shadowtutor::cli

#endif  // SHADOWTUTOR_CLI_PROCESS_LIMITS_H_
