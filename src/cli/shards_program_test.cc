// An evaluation in shards as people start it: by the script for a Slurm array, by GNU parallel.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/atomic_file.h"
#include "eval/live/process.h"
#include "eval/testing/moving_shapes.h"
#include "nn/checkpoint_io.h"
#include "video/label_png.h"
#include "video/testing/test_files.h"

namespace shadowtutor::cli {
namespace {

namespace fs = std::filesystem;
using eval::live::FindProgram;
using eval::live::Process;
using testing::ReadText;
using testing::TemporaryFolder;
using testing::WriteText;

constexpr FrameSize kSize{64, 48};
constexpr uint64_t kFrames = 8;

// The exit code, and all that it said.
std::pair<int, std::string> RunCommand(std::vector<std::string> command) {
  const auto deadline = Process::Clock::now() + std::chrono::seconds(120);
  Process program({.arguments = std::move(command), .log = {}});
  std::string output = program.ReadAll(deadline);
  return {program.Wait(deadline).value_or(-1), std::move(output)};
}

// Without those tables in which times are.
std::string TablesOf(const std::string& output) {
  return output.substr(0, std::min(output.find("\nserver, ms"), output.find("\ndevice, ms")));
}

class ShardsProgram : public ::testing::Test {
 protected:
  ShardsProgram() {
    std::string set = "clips:\n";
    uint64_t start = 0;
    for (const std::string name : {"a", "b"}) {
      fs::create_directories(folder_ / name / "frames");
      fs::create_directories(folder_ / name / "labels");
      for (uint64_t i = 0; i < kFrames; ++i) {
        Image frame = eval::DrawShapes(kSize, start + 3 * i);
        const cv::Mat pixels(kSize.height, kSize.width, CV_8UC3, frame.bytes().data());
        cv::imwrite(folder_ / name / "frames" / video::LabelFileName(i), pixels);
        WriteFileAtomically(folder_ / name / "labels" / video::LabelFileName(i),
                            video::EncodeLabelPng(eval::LabelShapes(kSize, start + 3 * i)));
      }
      WriteText(folder_ / name / "labels/card.yaml",
                "kind: replay\nfolder: .\nclasses: [disc, box, background]\n");
      set += "  - {name: " + name + ", video: " + name + "/frames, labels: " + name + "/labels}\n";
      start += 50;
    }
    WriteText(folder_ / "clips.yaml", set);
    nn::SaveCheckpoint(eval::SmallShapeStudent(3), folder_ / "student.safetensors");
    program_folder_ = fs::path(SHADOWTUTOR_PROGRAM).parent_path();
  }

  std::vector<std::string> Eval(const std::string& out) const {
    return {SHADOWTUTOR_PROGRAM,
            "eval",
            "--set",
            folder_ / "clips.yaml",
            "--student",
            folder_ / "student.safetensors",
            "--strategy",
            "partial,wild",
            "--delay",
            "1,8",
            "--out",
            folder_ / out};
  }
  // A command of a shell, in the folder of the data, where `shadowtutor` is found.
  std::pair<int, std::string> Shell(const std::string& command) const {
    return RunCommand({"/bin/bash", "-c",
                       "set -e; cd '" + folder_.path().string() + "'; export PATH='" +
                           program_folder_.string() + "':\"$PATH\"; " + command});
  }
  void ExpectWhole(const std::string& out) const {
    const auto [code, whole] = RunCommand(Eval("whole"));
    ASSERT_EQ(code, 0) << whole;
    const auto [merge_code, merged] = RunCommand({SHADOWTUTOR_PROGRAM, "report", folder_ / out});
    ASSERT_EQ(merge_code, 0) << merged;
    ASSERT_NE(whole.find("mean mIoU"), std::string::npos) << whole;
    // What comes before the tables tells how the work went.
    EXPECT_EQ(TablesOf(merged), TablesOf(whole.substr(whole.find("mean mIoU"))));
    EXPECT_EQ(ReadText(folder_ / out / "frames.csv"), ReadText(folder_ / "whole/frames.csv"));
    EXPECT_TRUE(fs::exists(folder_ / out / "report.html"));
  }

  const TemporaryFolder folder_;
  fs::path program_folder_;
};

TEST_F(ShardsProgram, TheScriptsForSlurmAreScripts) {
  int scripts = 0;
  for (const auto& entry :
       fs::directory_iterator(fs::path(SHADOWTUTOR_SOURCE_DIR) / "examples/cluster")) {
    const auto [code, said] = RunCommand({"/bin/bash", "-n", entry.path()});
    EXPECT_EQ(code, 0) << said;
    ++scripts;
  }
  EXPECT_EQ(scripts, 2);
}

TEST_F(ShardsProgram, AnArrayOfJobsAddsUpToOneEvaluation) {
  const std::string script =
      std::string(SHADOWTUTOR_SOURCE_DIR) + "/examples/cluster/eval_array.sbatch";
  const std::string jobs =
      "export OUT=array SHARDS=3 STRATEGIES=partial,wild; xargs -P 2 -I N env "
      "SLURM_ARRAY_TASK_ID=N '" +
      script + "'";
  const auto [code, said] = Shell("printf '1\\n3\\n' | { " + jobs + "; }");
  ASSERT_EQ(code, 0) << said;
  const auto [early, missing] = RunCommand({SHADOWTUTOR_PROGRAM, "report", folder_ / "array"});
  EXPECT_EQ(early, 1);
  EXPECT_NE(missing.find("2/3 is missing"), std::string::npos) << missing;
  const auto [rest, last] = Shell("echo 2 | { " + jobs + "; }");
  ASSERT_EQ(rest, 0) << last;
  ExpectWhole("array");
}

TEST_F(ShardsProgram, GnuParallelRunsThemOnOneMachine) {
  if (FindProgram("parallel").empty()) GTEST_SKIP() << "no GNU parallel (Debian: parallel)";
  const auto [code, said] = Shell(
      "parallel -j 2 shadowtutor eval --set clips.yaml --student student.safetensors "
      "--strategy partial,wild --delay 1,8 --out parallel --shard {}/4 ::: 1 2 3 4");
  ASSERT_EQ(code, 0) << said;
  ExpectWhole("parallel");
}

TEST_F(ShardsProgram, WhatMakesNoSenseIsRefused) {
  const auto refused = [&](std::vector<std::string> command, const std::string& part) {
    const auto [code, said] = RunCommand(std::move(command));
    EXPECT_EQ(code, 2) << said;
    EXPECT_NE(said.find(part), std::string::npos) << said;
  };
  std::vector<std::string> command = Eval("x");
  command.insert(command.end(), {"--shard", "4/3"});
  refused(command, "2/4 for the second of four");
  command.back() = "1/3";
  command.erase(command.end() - 4, command.end() - 2);  // --out
  refused(command, "--out FOLDER");
}

}  // namespace
}  // namespace shadowtutor::cli
