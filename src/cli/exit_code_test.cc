// What scripts can tell apart by the program's exit code: 0, 2 for a command line that is wrong,
// 130 for a command that was stopped, 1 for everything else that fails.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/atomic_file.h"
#include "eval/live/process.h"

namespace shadowtutor::cli {
namespace {

using eval::live::Process;

// The exit code, and all that it said.
std::pair<int, std::string> RunProgram(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), SHADOWTUTOR_PROGRAM);
  const auto deadline = Process::Clock::now() + std::chrono::seconds(60);
  Process program({.arguments = std::move(arguments), .log = {}});
  std::string output = program.ReadAll(deadline);
  return {program.Wait(deadline).value_or(-1), std::move(output)};
}

TEST(ExitCode, IsZeroForHelpAndVersion) {
  const auto [code, output] = RunProgram({"--version"});
  EXPECT_EQ(code, 0);
  EXPECT_TRUE(output.starts_with("shadowtutor ")) << output;
  EXPECT_EQ(RunProgram({"--help"}).first, 0);
  EXPECT_EQ(RunProgram({"run", "--help"}).first, 0);
}

TEST(ExitCode, IsTwoForACommandLineThatIsWrong) {
  const auto [code, output] = RunProgram({"plan", "--clients", "0"});
  EXPECT_EQ(code, 2);
  EXPECT_TRUE(output.starts_with("shadowtutor: ")) << output;
  EXPECT_NE(output.find("--help"), std::string::npos) << output;
  EXPECT_EQ(RunProgram({}).first, 2);
  EXPECT_EQ(RunProgram({"dance"}).first, 2);
  // Read by CLI11, but refused by what it is for.
  const auto [plan, sentence] = RunProgram({"plan"});
  EXPECT_EQ(plan, 2);
  EXPECT_TRUE(sentence.starts_with("shadowtutor: a plan needs ")) << sentence;
}

TEST(Output, NeverShowsThePasswordsOfAddresses) {
  for (const char* source :
       {"rtsp://me:ge@heim@127.0.0.1:1/cam", "rtsp://me:ge/heim@127.0.0.1:1/cam",
        "rtsp://me:ge#heim@127.0.0.1:1/cam", "rtsp://me:ge?heim@127.0.0.1:1/cam",
        "RTSP://me:geheim@127.0.0.1:1/cam", "rtsp:/me:geheim@127.0.0.1:1/cam",
        "me:geheim@127.0.0.1:1/cam", "http://127.0.0.1:1/cam?user=me&pwd=geheim",
        "ftp://me:ge heim@127.0.0.1:1/cam"}) {
    const auto [code, output] = RunProgram({"run", source, "--server", "127.0.0.1:1"});
    EXPECT_NE(code, 0) << source;
    EXPECT_EQ(output.find("heim"), std::string::npos) << output;
    // As an argument that was not expected, and as a value that is no number.
    EXPECT_EQ(RunProgram({"run", "a.mp4", source}).second.find("heim"), std::string::npos);
    EXPECT_EQ(RunProgram({"run", "a.mp4", "--frames", source}).second.find("heim"),
              std::string::npos);
    EXPECT_EQ(RunProgram({"run", "a.mp4", "--server", source}).second.find("heim"),
              std::string::npos);
  }
}

TEST(ExitCode, IsTwoForAnAddressThatIsWrong) {
  for (const char* address : {"127.0.0.1", ":1", "127.0.0.1:99999", "http://127.0.0.1:1"}) {
    const auto [code, output] =
        RunProgram({"serve", "--teacher", "none.yaml", "--listen", address});
    EXPECT_EQ(code, 2) << output;
    EXPECT_NE(output.find("(--listen)"), std::string::npos) << output;
  }
}

TEST(ExitCode, IsTwoForAConfigurationFileThatIsWrong) {
  const std::string file = std::string(::testing::TempDir()) + "/exit_code_test.conf";
  const auto run = [&](std::string_view text, const std::vector<std::string>& parts) {
    WriteFileAtomically(file, text, false);
    const auto [code, output] = RunProgram({"serve", "--config", file});
    EXPECT_EQ(code, 2) << output;
    for (const std::string& part : parts) {
      EXPECT_NE(output.find(part), std::string::npos) << output;
    }
  };
  run("teacher = c.yaml\nteachr = c.yaml\n", {file + ", line 2", "'teachr'"});
  run("teacher = c.yaml\nlisten = nowhere\n", {"(listen: " + file + ", line 2)"});
  run("seed = 1", {"--teacher"});
  std::filesystem::remove(file);
  const auto [code, output] = RunProgram({"serve", "--config", file});
  EXPECT_EQ(code, 2) << output;
  EXPECT_NE(output.find(file), std::string::npos) << output;
}

TEST(ExitCode, IsOneForWhatFails) {
  const auto [code, output] =
      RunProgram({"report", std::string(::testing::TempDir()) + "/nowhere"});
  EXPECT_EQ(code, 1);
  EXPECT_TRUE(output.starts_with("shadowtutor: ")) << output;
}

TEST(ExitCode, Is130ForWhatIsStopped) {
  Process program({.arguments = {SHADOWTUTOR_PROGRAM, "plan", "--measure", "--seconds", "600",
                                 "--teacher-ms", "1", "--frame-codec", "raw", "--size", "64x48"},
                   .log = {}});
  const auto deadline = Process::Clock::now() + std::chrono::seconds(60);
  EXPECT_EQ(program.ReadLine(deadline), "measuring the student");
  EXPECT_EQ(program.Terminate(deadline), 130);
  EXPECT_TRUE(program.ReadAll(deadline).starts_with("shadowtutor: stopped before "));
}

}  // namespace
}  // namespace shadowtutor::cli
