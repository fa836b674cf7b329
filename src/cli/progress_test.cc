#include "cli/progress.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include <string>

namespace shadowtutor::cli {
namespace {

using std::chrono::hours;

// Runs `body` while standard error is `file`.
template <typename Body>
void WithStandardError(int file, Body&& body) {
  const int before = dup(STDERR_FILENO);
  dup2(file, STDERR_FILENO);
  body();
  dup2(before, STDERR_FILENO);
  close(before);
}

void ShowTwiceAndPrint() {
  Progress progress;
  progress.Show("one");
  progress.Show("two");
  progress.Print("a line");
}

TEST(Progress, IsLinesInALog) {
  ::testing::internal::CaptureStderr();
  ShowTwiceAndPrint();
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "one\ntwo\na line\n");
}

TEST(Progress, IsOneLineOnATerminalThatIsGoneInTheEnd) {
  const int terminal = posix_openpt(O_RDWR | O_NOCTTY);
  if (terminal < 0 || grantpt(terminal) != 0 || unlockpt(terminal) != 0) {
    GTEST_SKIP() << "there are no pseudo terminals here";
  }
  const int inside = open(ptsname(terminal), O_RDWR | O_NOCTTY);
  ASSERT_GE(inside, 0);
  WithStandardError(inside, ShowTwiceAndPrint);
  const std::string expected = "\r\033[Kone\r\033[Ktwo\r\033[Ka line\r\n\r\033[K";
  std::string shown;
  char piece[256];
  while (shown.size() < expected.size()) {  // it may come in parts
    pollfd ready = {terminal, POLLIN, 0};
    if (poll(&ready, 1, /*milliseconds=*/5000) <= 0) break;
    const ssize_t size = read(terminal, piece, sizeof piece);
    if (size <= 0) break;
    shown.append(piece, static_cast<size_t>(size));
  }
  close(inside);
  close(terminal);
  EXPECT_EQ(shown, expected);
}

TEST(Progress, IsDueNowAndThen) {
  ::testing::internal::CaptureStderr();  // not a terminal
  Progress progress;
  EXPECT_TRUE(progress.IsDue({}, hours(1)));
  EXPECT_FALSE(progress.IsDue({}, hours(1)));
  EXPECT_TRUE(progress.IsDue(hours(1), std::chrono::milliseconds(0)));
  EXPECT_TRUE(progress.IsDue(hours(1), 200, 100));
  EXPECT_FALSE(progress.IsDue(hours(1), 201, 100));
  ::testing::internal::GetCapturedStderr();
}

}  // namespace
}  // namespace shadowtutor::cli
