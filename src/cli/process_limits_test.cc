#include "cli/process_limits.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "shadowtutor/types.h"

namespace shadowtutor::cli {
namespace {

// Limits change the whole process, so each case runs in a process of its own (a death test).

TEST(ProcessLimits, OpenFilesAreRaisedToWhatIsAllowed) {
  EXPECT_EXIT(
      {
        rlimit limit{};
        getrlimit(RLIMIT_NOFILE, &limit);
        limit.rlim_cur = 32;
        setrlimit(RLIMIT_NOFILE, &limit);
        RaiseOpenFileLimit();
        rlimit now{};
        getrlimit(RLIMIT_NOFILE, &now);
        _exit(now.rlim_cur == limit.rlim_max ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST(ProcessLimits, ThereIsRoomUsually) {
  EXPECT_NO_THROW(RequireRoom(8, size_t{1} << 20));
  EXPECT_EXIT(
      {
        RequireRoomForNetwork();
        _exit(0);
      },
      ::testing::ExitedWithCode(0), "");
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// Limits the address space to what is in use and `bytes`.
void AllowMoreAddressSpace(size_t bytes) {
  size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  rlimit limit{};
  limit.rlim_cur = limit.rlim_max = pages * static_cast<size_t>(sysconf(_SC_PAGESIZE)) + bytes;
  setrlimit(RLIMIT_AS, &limit);
}

int Failure(const Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return error.code() == ErrorCode::kUnavailable ? 3 : 4;
}

TEST(ProcessLimits, LittleAddressSpaceGetsASentence) {
  EXPECT_EXIT(
      {
        AllowMoreAddressSpace(0);
        try {
          RequireRoom(1, size_t{1} << 20);
        } catch (const Error& error) {
          _exit(Failure(error));
        }
        _exit(0);
      },
      ::testing::ExitedWithCode(3), "1 MiB of address space.*ulimit -v");
  EXPECT_EXIT(
      {
        AllowMoreAddressSpace(size_t{20} << 20);
        try {
          RequireRoom(20, size_t{3} << 20);
        } catch (const Error& error) {
          _exit(Failure(error));
        }
        _exit(0);
      },
      ::testing::ExitedWithCode(3), "of the 20 threads that it needs.*ulimit -u");
}
#endif

TEST(ProcessLimits, WhatHangsIsEndedWithASentence) {
  EXPECT_EXIT(
      {
        const LifeLine line(1, "it hangs");
        while (true) pause();
      },
      ::testing::ExitedWithCode(1), "shadowtutor: it hangs");
  EXPECT_EXIT(
      {
        { const LifeLine line(1, "it hangs"); }
        _exit(alarm(0) == 0 ? 0 : 2);
      },
      ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace shadowtutor::cli
