#include "cli/process_limits.h"

#include <malloc.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "shadowtutor/types.h"

namespace shadowtutor::cli {
namespace {

// Threads that gRPC starts on any machine, and ours; both start more on machines with more cores.
constexpr int kThreads = 12;
constexpr int kThreadsPerCore = 3;
// Asked for even where many threads run already: some of them may not be those that are counted.
constexpr int kLeastThreads = 8;
// What a command with a small network and small frames needs after its start, without the stacks.
constexpr size_t kAddressSpace = size_t{96} << 20;

std::string Sentence(const std::string& what, const char* option) {
  return what + "; raise the limit (ulimit " + option + "), or close other programs";
}

// The sentence of the LifeLine, for a signal handler.
char last_words[256];

extern "C" void OnAlarm(int) {
  // Only async-signal-safe calls here.
  if (write(STDERR_FILENO, last_words, std::strlen(last_words)) < 0) _exit(1);
  _exit(1);
}

}  // namespace

void RaiseOpenFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

void RequireRoom(int threads, size_t bytes) {
  void* const space = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (space == MAP_FAILED) {
    throw Error(ErrorCode::kUnavailable,
                Sentence("this process cannot get the " + std::to_string(bytes >> 20) +
                             " MiB of address space that it needs",
                         "-v"));
  }
  // All of them live at the same time; their stacks take address space, too.
  std::mutex mutex;
  std::condition_variable changed;
  bool end = false;
  std::vector<std::thread> started;
  bool failed = false;
  try {
    started.reserve(static_cast<size_t>(threads));
    while (started.size() < static_cast<size_t>(threads)) {
      started.emplace_back([&] {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return end; });
      });
    }
  } catch (const std::exception&) {
    failed = true;
  }
  {
    const std::lock_guard lock(mutex);
    end = true;
  }
  changed.notify_all();
  for (std::thread& thread : started) thread.join();
  munmap(space, bytes);
  if (!failed) return;
  throw Error(ErrorCode::kUnavailable,
              Sentence("this process can start only " + std::to_string(started.size()) +
                           " of the " + std::to_string(threads) + " threads that it needs",
                       "-u, -v"));
}

void RequireRoomForNetwork() {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    mallopt(M_ARENA_MAX, 2);
  }
  const auto cores = static_cast<int>(std::thread::hardware_concurrency());
  const int all = kThreads + kThreadsPerCore * (cores > 0 ? cores : 1);
  std::error_code failed;
  const std::filesystem::directory_iterator tasks("/proc/self/task", failed);
  const auto running = failed ? 0 : static_cast<int>(std::distance(begin(tasks), end(tasks)));
  RequireRoom(std::max(kLeastThreads, all - running), kAddressSpace);
}

LifeLine::LifeLine(unsigned seconds, const std::string& sentence) {
  const std::string line = "shadowtutor: " + sentence + "\n";
  std::strncpy(last_words, line.c_str(), sizeof last_words - 1);
  struct sigaction action = {};
  action.sa_handler = OnAlarm;
  sigemptyset(&action.sa_mask);
  sigaction(SIGALRM, &action, nullptr);
  alarm(seconds);
}

LifeLine::~LifeLine() { alarm(0); }

}  // namespace shadowtutor::cli
