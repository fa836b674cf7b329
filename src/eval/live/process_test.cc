#include "eval/live/process.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>

#include "core/atomic_file.h"
#include "shadowtutor/types.h"

namespace shadowtutor::eval::live {
namespace {

using Clock = Process::Clock;

Clock::time_point Soon() { return Clock::now() + std::chrono::seconds(60); }

TEST(Process, GivesItsLinesItsRestAndItsExitCode) {
  Process process({.arguments = {FindProgram("sh"), "-c", "echo one; echo two; echo three; exit 3"},
                   .log = {}});
  EXPECT_EQ(process.ReadLine(Soon()), "one");
  EXPECT_EQ(process.ReadAll(Soon()), "two\nthree\n");
  EXPECT_EQ(process.Wait(Soon()), 3);
  EXPECT_EQ(process.ReadLine(Soon()), std::nullopt);
}

TEST(Process, StandardErrorGoesToItsLog) {
  const auto log = std::filesystem::path(testing::TempDir()) / "process_test.log";
  Process process(
      {.arguments = {FindProgram("sh"), "-c", "echo seen; echo logged >&2"}, .log = log});
  EXPECT_EQ(process.ReadAll(Soon()), "seen\n");
  EXPECT_EQ(process.Wait(Soon()), 0);
  const auto bytes = ReadFile(log, 1000);
  EXPECT_EQ(std::string(bytes.begin(), bytes.end()), "logged\n");
}

TEST(Process, MuchOutputThatNobodyReadsDoesNotKeepItFromEnding) {
  Process process({.arguments = {FindProgram("sh"), "-c", "head -c 3000000 /dev/zero"}, .log = {}});
  EXPECT_EQ(process.Wait(Soon()), 0);
}

TEST(Process, IsNotWaitedForWhenAskedToStop) {
  Process process({.arguments = {FindProgram("sleep"), "1000"}, .log = {}});
  EXPECT_EQ(process.Wait(Soon(), [] { return true; }), std::nullopt);
  EXPECT_EQ(process.Wait(Clock::now()), std::nullopt);
  EXPECT_EQ(process.Terminate(Soon()), 128 + SIGTERM);
  EXPECT_EQ(process.Wait(Soon()), 128 + SIGTERM);
}

TEST(Process, IsKilledWhenItDoesNotTakeTheHint) {
  Process process(
      {.arguments = {FindProgram("sh"), "-c", "trap '' TERM; echo ready; exec sleep 1000"},
       .log = {}});
  EXPECT_EQ(process.ReadLine(Soon()), "ready");
  EXPECT_EQ(process.Terminate(Clock::now()), 128 + SIGKILL);
}

TEST(Process, AProgramThatIsNotThere) {
  Process process({.arguments = {"/nowhere/at/all"}, .log = {}});
  EXPECT_EQ(process.Wait(Soon()), 127);
  EXPECT_TRUE(FindProgram("no-such-program-anywhere").empty());
}

TEST(Process, AToolThatFailsSaysWhy) {
  EXPECT_EQ(RunTool({FindProgram("echo"), "a b", "c"}), "a b c\n");
  try {
    RunTool({FindProgram("sh"), "-c", "echo because >&2; exit 1"});
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
    EXPECT_NE(std::string(error.what()).find("because"), std::string::npos);
  }
}

}  // namespace
}  // namespace shadowtutor::eval::live
