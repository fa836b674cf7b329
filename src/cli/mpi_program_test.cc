// `mpirun ... shadowtutor pretrain` as people call it.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "core/atomic_file.h"
#include "eval/live/process.h"
#include "pretrain/run_state.h"
#include "pretrain/testing/test_data.h"
#include "video/testing/test_files.h"

namespace shadowtutor::cli {
namespace {

namespace fs = std::filesystem;
using eval::live::FindProgram;
using eval::live::Process;
using testing::TemporaryFolder;
using testing::WriteText;
using Arguments = std::vector<std::string>;

constexpr std::chrono::seconds kMostTime{120};

Arguments operator+(Arguments a, const Arguments& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// The exit code, and all that it said.
std::pair<int, std::string> RunCommand(const Arguments& command) {
  const auto deadline = Process::Clock::now() + kMostTime;
  Process program({.arguments = command, .log = {}});
  std::string output = program.ReadAll(deadline);
  return {program.Wait(deadline).value_or(-1), std::move(output)};
}

size_t Count(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

class MpiProgram : public ::testing::Test {
 protected:
  void SetUp() override {
#ifndef SHADOWTUTOR_MPI_CHECK
    GTEST_SKIP() << "built without Open MPI (Debian: libopenmpi-dev)";
#endif
    if (FindProgram("mpirun").empty()) GTEST_SKIP() << "no mpirun (Debian: openmpi-bin)";
    pretrain::WriteDiscs(folder_.path(), 16, 96, 72);
  }

  static Arguments Mpirun() {
    return {FindProgram("mpirun").string(), "--oversubscribe", "--allow-run-as-root"};
  }
  static Arguments Ranks(int count, const Arguments& program) {
    return Arguments{"-n", std::to_string(count)} + program;
  }
  Arguments Pretrain(const std::string& out, const std::string& images = "images") const {
    return {SHADOWTUTOR_PROGRAM,
            "pretrain",
            "--images",
            folder_ / images,
            "--labels",
            folder_ / "labels",
            "--classes",
            "background,disc",
            "--student-width",
            "0.25",
            "--batch",
            "5",
            "--crop",
            "64x48,48x48",
            "--validation",
            "0.3",
            "--steps",
            "6",
            "--checkpoint-every",
            "2",
            "--memory",
            "64",
            "--out",
            folder_ / out};
  }
  std::vector<uint8_t> Bytes(const std::string& name) const {
    return ReadFile(folder_ / name, size_t{1} << 24);
  }

  const TemporaryFolder folder_;
};

TEST_F(MpiProgram, TheFileIsTheSameForAnyNumberOfRanks) {
  const auto [code, output] = RunCommand(Pretrain("alone"));
  ASSERT_EQ(code, 0) << output;
  for (const int count : {1, 2, 4}) {
    SCOPED_TRACE(count);
    const std::string name = std::to_string(count);
    const auto [code_of, said] = RunCommand(Mpirun() + Ranks(count, Pretrain(name)));
    ASSERT_EQ(code_of, 0) << said;
    EXPECT_EQ(Count(said, "6 steps of 5 images"), 1u) << said;
    EXPECT_EQ(Count(said, "shared by " + name + " processes"), count > 1 ? 1u : 0u) << said;
    EXPECT_EQ(Bytes(name), Bytes("alone"));
    EXPECT_EQ(Bytes(name + ".state"), Bytes("alone.state"));
  }
}

TEST_F(MpiProgram, AStoppedRunGoesOnWithAnotherNumberOfRanks) {
  const Arguments longer = {"--steps", "400", "--checkpoint-every", "10"};
  const auto with = [&](const std::string& out) {
    Arguments command = Pretrain(out);
    for (size_t i = 0; i + 1 < longer.size(); i += 2) {
      *(std::find(command.begin(), command.end(), longer[i]) + 1) = longer[i + 1];
    }
    return command;
  };
  ASSERT_EQ(RunCommand(with("whole")).first, 0);
  // The signal goes to rank 1 alone, which all follow. (To mpirun it would be a matter of seconds:
  // it kills soon after it has passed the signal on.)
  const fs::path pid_file = folder_ / "pid";
  const Arguments noted = {"/bin/sh", "-c", "echo $$ >\"$0\"; exec \"$@\"", pid_file};
  const auto deadline = Process::Clock::now() + kMostTime;
  Process job({.arguments = Mpirun() + Ranks(1, with("broken")) + Arguments{":"} +
                            Ranks(1, noted + with("broken")),
               .log = {}});
  std::string line;
  while (line.find("step 10:") == std::string::npos) {
    const auto next = job.ReadLine(deadline);
    ASSERT_TRUE(next) << "no checkpoint; last: " << line;
    line = *next;
  }
  kill(std::stoi(testing::ReadText(pid_file)), SIGTERM);
  const std::string rest = job.ReadAll(deadline);
  EXPECT_EQ(job.Wait(deadline), 130) << rest;
  EXPECT_NE(rest.find("stopped before the end"), std::string::npos) << rest;
  const pretrain::RunState state = pretrain::LoadRunState(folder_ / "broken.state");
  EXPECT_GE(state.steps, 10);
  EXPECT_LT(state.steps, 400);
  const auto [code, said] = RunCommand(Mpirun() + Ranks(4, with("broken") + Arguments{"--resume"}));
  ASSERT_EQ(code, 0) << said;
  EXPECT_EQ(Bytes("broken"), Bytes("whole"));
  EXPECT_EQ(Bytes("broken.state"), Bytes("whole.state"));
}

TEST_F(MpiProgram, AnErrorOnOneRankIsToldOnceAndEndsAll) {
  // Of rank 2, which finds no images.
  const auto [code, said] =
      RunCommand(Mpirun() + Ranks(2, Pretrain("x")) + Arguments{":"} +
                 Ranks(1, Pretrain("x", "nowhere")) + Arguments{":"} + Ranks(1, Pretrain("x")));
  EXPECT_NE(code, 0);
  EXPECT_NE(code, -1) << "it hangs";
  EXPECT_EQ(Count(said, "cannot list the folder"), 1u) << said;
  EXPECT_NE(said.find("shadowtutor: rank 2 of 4 ("), std::string::npos) << said;
  EXPECT_FALSE(fs::exists(folder_ / "x"));

  // Of rank 1, which learns from other pictures; rank 0 finds out.
  pretrain::WriteDiscs(folder_ / "other", 15, 96, 72);
  fs::rename(folder_ / "other/images", folder_ / "others");
  const auto [code_of, differs] = RunCommand(Mpirun() + Ranks(1, Pretrain("x")) + Arguments{":"} +
                                             Ranks(1, Pretrain("x", "others")));
  EXPECT_NE(code_of, 0);
  EXPECT_NE(code_of, -1) << "it hangs";
  EXPECT_EQ(Count(differs, "has another set of images"), 1u) << differs;
}

TEST_F(MpiProgram, AnErrorOnRankZeroEndsTheOthers) {
  WriteText(folder_ / "letter", "of somebody");
  const auto [code, said] = RunCommand(Mpirun() + Ranks(3, Pretrain("letter")));
  EXPECT_EQ(code, 2) << said;
  EXPECT_EQ(Count(said, "shadowtutor: "), 1u) << said;
  EXPECT_EQ(testing::ReadText(folder_ / "letter"), "of somebody");
}

TEST_F(MpiProgram, ProcessesThatDoNotFindEachOtherDoNotTrainTheSame) {
  const auto [code, said] = RunCommand(Arguments{"/usr/bin/env", "PMI_SIZE=2"} + Pretrain("x"));
  EXPECT_EQ(code, 1) << said;
  EXPECT_NE(said.find("2 processes were started, but Open MPI counts 1"), std::string::npos)
      << said;
  EXPECT_FALSE(fs::exists(folder_ / "x"));
}

#ifdef SHADOWTUTOR_MPI_CHECK
TEST_F(MpiProgram, MessagesArriveAndSumsAreInTheOrderOfRanks) {
  for (const int count : {1, 2, 3, 5}) {
    const auto [code, said] = RunCommand(Mpirun() + Ranks(count, {SHADOWTUTOR_MPI_CHECK, "sums"}));
    EXPECT_EQ(code, 0) << said;
    EXPECT_EQ(Count(said, "all sums are right on " + std::to_string(count) + " ranks"), 1u) << said;
  }
}

TEST_F(MpiProgram, ARankThatFailsEndsTheOthers) {
  const auto [code, said] = RunCommand(Mpirun() + Ranks(3, {SHADOWTUTOR_MPI_CHECK, "failed"}));
  EXPECT_EQ(code, 1);
  EXPECT_EQ(Count(said, "rank 1 of 3 ("), 1u) << said;
  EXPECT_EQ(Count(said, "a picture is bad"), 1u) << said;
}

TEST_F(MpiProgram, ASilentRankIsNamedAndTheJobEnds) {
  const auto [code, said] = RunCommand(Mpirun() + Ranks(3, {SHADOWTUTOR_MPI_CHECK, "silent"}));
  EXPECT_NE(code, 0);
  EXPECT_NE(code, -1) << "it hangs";
  EXPECT_NE(said.find("rank 1 of 3 has not been heard of for 2 s"), std::string::npos) << said;
}

TEST_F(MpiProgram, ARankThatDiesEndsTheJob) {
  const auto [code, said] = RunCommand(Mpirun() + Ranks(3, {SHADOWTUTOR_MPI_CHECK, "killed"}));
  EXPECT_NE(code, 0) << said;
  EXPECT_NE(code, -1) << "it hangs";
}
#endif

}  // namespace
}  // namespace shadowtutor::cli
