#include "cli/interrupt.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

namespace shadowtutor::cli {
namespace {

// Signals change the whole process, so each case runs in a process of its own (a death test).

TEST(InterruptTest, FirstSignalOnlyAsks) {
  EXPECT_EXIT(
      {
        InstallInterruptHandler();
        const bool before = Interrupted();
        raise(SIGINT);
        _exit(!before && Interrupted() ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST(InterruptTest, TerminationAsksAsWell) {
  EXPECT_EXIT(
      {
        InstallInterruptHandler();
        raise(SIGTERM);
        _exit(Interrupted() ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST(InterruptTest, SecondSignalLeavesAtOnce) {
  EXPECT_EXIT(
      {
        InstallInterruptHandler();
        raise(SIGINT);
        raise(SIGTERM);
        _exit(0);
      },
      ::testing::ExitedWithCode(kInterruptedExitCode), "");
}

TEST(InterruptTest, SoDoesTheSameSignalAgainALittleLater) {
  EXPECT_EXIT(
      {
        InstallInterruptHandler();
        raise(SIGINT);
        usleep(150'000);
        raise(SIGINT);
        _exit(0);
      },
      ::testing::ExitedWithCode(kInterruptedExitCode), "");
}

TEST(InterruptTest, OneRequestThatComesTwiceIsOne) {  // as timeout(1) sends it
  EXPECT_EXIT(
      {
        InstallInterruptHandler();
        raise(SIGTERM);
        raise(SIGTERM);
        _exit(0);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST(InterruptTest, ALostTerminalOrReaderAsksAsOftenAsItComes) {
  for (const int lost : {SIGHUP, SIGPIPE}) {
    EXPECT_EXIT(
        {
          InstallInterruptHandler();
          raise(lost);
          const bool asked = Interrupted();
          raise(lost);
          raise(SIGTERM);  // the first of its kind
          _exit(asked ? 0 : 1);
        },
        ::testing::ExitedWithCode(0), "");
  }
}

TEST(InterruptTest, WhatIsCalledWithNohupStays) {
  EXPECT_EXIT(
      {
        signal(SIGHUP, SIG_IGN);
        InstallInterruptHandler();
        raise(SIGHUP);
        _exit(Interrupted() ? 1 : 0);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST(InterruptTest, AHangUpAsksServersToReadFilesAgain) {
  for (const auto before : {SIG_DFL, SIG_IGN}) {
    EXPECT_EXIT(
        {
          signal(SIGHUP, before);
          InstallServerInterruptHandler();
          const bool asked_before = TakeReloadRequest();
          raise(SIGHUP);
          raise(SIGHUP);
          const bool asked = TakeReloadRequest();
          _exit(!asked_before && asked && !TakeReloadRequest() && !Interrupted() ? 0 : 1);
        },
        ::testing::ExitedWithCode(0), "");
  }
}

TEST(InterruptTest, ServersGoOnWithoutATerminal) {
  EXPECT_EXIT(
      {
        InstallServerInterruptHandler();
        raise(SIGHUP);
        raise(SIGPIPE);
        const bool before = Interrupted();
        raise(SIGTERM);
        _exit(!before && Interrupted() ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace shadowtutor::cli
