// What the program does to files that are there already, to pipes and devices, and what a signal
// leaves: nothing of a user's is lost, and files are whole.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/atomic_file.h"
#include "eval/live/process.h"
#include "nn/checkpoint_io.h"
#include "nn/network.h"
#include "teacher/label_folder.h"
#include "video/image_png.h"
#include "video/label_png.h"
#include "video/testing/test_files.h"

namespace shadowtutor::cli {
namespace {

namespace fs = std::filesystem;
using eval::live::Process;
using testing::PlainImage;
using testing::ReadText;
using testing::TemporaryFolder;
using testing::WriteText;

constexpr int kFrames = 200;
const ClassList kClasses = {{"background", {0, 0, 0}}, {"person", {255, 0, 0}}};

struct Ended {
  int code = -1;
  std::string said;
};

// A folder with frames, a teacher that replays labels for them, and a student. Commands are run by
// a shell in that folder, and call the program $st.
class Outputs : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(folder_ / "frames");
    const std::vector<uint8_t> frame = video::EncodeImagePng(PlainImage(64, 48, 10, 20, 30));
    for (int i = 0; i < kFrames; ++i) {
      WriteFileAtomically(folder_ / ("frames/" + video::LabelFileName(static_cast<uint64_t>(i))),
                          frame, /*sync=*/false);
    }
    LabelMap label(64, 48, 0);
    for (int x = 10; x < 30; ++x) {
      for (int y = 10; y < 30; ++y) label.at(x, y) = 1;
    }
    const teacher::LabelFolder labels(folder_ / "labels", kClasses.size());
    labels.WriteCard({kClasses, 0, "test"});
    teacher::Answer answer;
    answer.label = label;
    for (uint64_t i = 0; i < kFrames; ++i) labels.Write(i, answer);
    nn::SaveCheckpoint(nn::FreshStudent(nn::ScaledSpec(2, 0.25, 1), kClasses, 0, 1),
                       folder_ / "student.safetensors", nn::WeightType::kF32);
  }

  Ended Shell(const std::string& script) {
    const auto deadline = Process::Clock::now() + std::chrono::seconds(60);
    Process shell({.arguments = {"/bin/sh", "-c",
                                 "cd '" + folder_.path().string() +
                                     "' || exit 99; st=" SHADOWTUTOR_PROGRAM "; server=" +
                                     address_ + "; " + script},
                   .log = {}});
    Ended ended;
    ended.said = shell.ReadAll(deadline);
    ended.code = shell.Wait(deadline).value_or(-1);
    return ended;
  }

  void Serve() {
    const auto deadline = Process::Clock::now() + std::chrono::seconds(60);
    server_.emplace(eval::live::Command{
        .arguments = {SHADOWTUTOR_PROGRAM, "serve", "--teacher",
                      (folder_ / "labels/card.yaml").string(), "--student",
                      (folder_ / "student.safetensors").string(), "--listen", "127.0.0.1:0"},
        .log = folder_ / "server.log"});
    const std::string line = server_->ReadLine(deadline).value_or("");
    address_ = line.substr(line.rfind(' ') + 1);
  }

  size_t FilesIn(const std::string& name) const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(folder_ / name), {}));
  }

  const TemporaryFolder folder_;
  std::optional<Process> server_;
  std::string address_;
};

TEST_F(Outputs, AFullStandardOutputIsAnErrorOfEveryCommand) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "there is no /dev/full here";
  for (const char* command :
       {"--help", "--version", "run --help", "student info student.safetensors",
        "student info student.safetensors --json",
        "plan --student-ms 20 --step-ms 15 --teacher-ms 50 --bytes-up 1MB --bandwidth 80",
        "plan --student-ms 20 --step-ms 15 --teacher-ms 50 --bytes-up 1MB --json -",
        "label frames --teacher labels/card.yaml --out new", "teacher check --help",
        "student init --classes a,b --out new.safetensors"}) {
    const Ended full = Shell("$st " + std::string(command) + " >/dev/full");
    EXPECT_EQ(full.code, 1) << command;
    EXPECT_NE(full.said.find("standard output"), std::string::npos) << command << full.said;
    EXPECT_EQ(Shell("$st " + std::string(command) + " >&-").code, 1) << command << ", closed";
    EXPECT_EQ(Shell("$st " + std::string(command)).code, 0) << command;
  }
  EXPECT_EQ(Shell("$st serve --teacher labels/card.yaml --listen 127.0.0.1:0 >/dev/full").code, 1);
}

TEST_F(Outputs, InputsAreNeverOverwritten) {
  const std::string student = ReadText(folder_ / "student.safetensors");
  const std::string frame = ReadText(folder_ / "frames/000003.png");
  const std::string card = ReadText(folder_ / "labels/card.yaml");
  ASSERT_EQ(Shell("ln -s student.safetensors link; ln student.safetensors hard; ln -s frames flink;"
                  "mkdir pictures; cp frames/000003.png pictures/000003.png")
                .code,
            0);
  // No server is asked: it is found out before.
  const std::string run = "run frames --server 127.0.0.1:1 --student student.safetensors ";
  for (const std::string& command :
       {std::string("student convert student.safetensors student.safetensors --fp16"),
        std::string("student convert student.safetensors link --fp16"),
        std::string("student convert hard student.safetensors --fp16"),
        run + "--masks frames",
        run + "--masks flink",
        run + "--masks frames/masks",
        run + "--out frames/o.mp4",
        run + "--jsonl frames/000003.png",
        run + "--json student.safetensors",
        run + "--json link",
        run + "--jsonl hard",
        run + "--jsonl a --json ./a",
        run + "--reference-teacher labels/card.yaml --json labels/card.yaml",
        run + "--reference-teacher labels/card.yaml --masks labels",
        std::string("label frames --teacher labels/card.yaml --out frames"),
        std::string("label frames --teacher labels/card.yaml --out labels"),
        std::string("label frames --teacher labels/card.yaml --out pictures"),
        std::string("eval frames --teacher labels/card.yaml --json labels/card.yaml"),
        std::string("eval frames --teacher labels/card.yaml --out frames"),
        std::string("plan --student-ms 1 --step-ms 1 --teacher-ms 1 --source frames --json "
                    "frames/000003.png"),
        std::string("teacher check labels/card.yaml frames/000003.png --out frames/000003.png"),
        std::string("pretrain --images frames --labels labels --classes a,b --steps 1 --out "
                    "frames/s.safetensors"),
        std::string("pretrain --images frames --labels labels --classes a,b --steps 1 --student "
                    "student.safetensors --out student.safetensors")}) {
    const Ended refused = Shell("$st " + command);
    EXPECT_EQ(refused.code, 2) << command << "\n" << refused.said;
    EXPECT_NE(refused.said.find("shadowtutor: "), std::string::npos) << refused.said;
  }
  EXPECT_EQ(ReadText(folder_ / "student.safetensors"), student);
  EXPECT_EQ(ReadText(folder_ / "frames/000003.png"), frame);
  EXPECT_EQ(ReadText(folder_ / "pictures/000003.png"), frame);
  EXPECT_EQ(ReadText(folder_ / "labels/card.yaml"), card);
  EXPECT_EQ(FilesIn("frames"), size_t{kFrames});
  EXPECT_FALSE(fs::exists(folder_ / "a"));
}

TEST_F(Outputs, FilesThatAreNotOursAreKept) {
  WriteText(folder_ / "s.safetensors.state", "of somebody else");
  EXPECT_NE(Shell("$st pretrain --images frames --labels labels --classes a,b --steps 1 --out "
                  "s.safetensors")
                .code,
            0);
  EXPECT_EQ(ReadText(folder_ / "s.safetensors.state"), "of somebody else");
  fs::create_directory(folder_ / "mine");
  WriteText(folder_ / "mine/results.json", "{\"mine\": 1}");
  EXPECT_EQ(Shell("$st eval frames --teacher labels/card.yaml --out mine").code, 2);
  EXPECT_EQ(ReadText(folder_ / "mine/results.json"), "{\"mine\": 1}");
}

TEST_F(Outputs, ResultsOfSomebodyElseAreKept) {
  const std::string eval = "$st eval frames --teacher labels/card.yaml --frames 12 --out r ";
  ASSERT_EQ(Shell(eval).code, 0);
  EXPECT_EQ(Shell("rm r/results.json r/report.html; " + eval).code, 0) << "as if it was killed";
  for (const std::string name :
       {"clips/mine.json", "runs/frames-partial.json", "report.html", "runs.csv"}) {
    WriteText(folder_ / "mine", "of somebody else");
    std::string copied = "place=r/" + name, linked = copied;
    copied.append("; cp mine $place; ").append(eval);
    linked.append("; rm $place; ln -s ../mine $place; ").append(eval);
    const Ended file = Shell(copied);
    EXPECT_EQ(file.code, 2) << name << file.said;
    EXPECT_EQ(ReadText(folder_ / ("r/" + name)), "of somebody else") << name;
    EXPECT_EQ(Shell(linked).code, 2) << name;
    ASSERT_EQ(Shell("rm r/" + name).code, 0);
  }
  EXPECT_EQ(Shell("echo mine > r/report.html; $st report r").code, 2);
  EXPECT_EQ(ReadText(folder_ / "r/report.html"), "mine\n");
  EXPECT_EQ(Shell("rm r/report.html; $st report r && $st report r").code, 0);
  EXPECT_EQ(Shell("mkdir -p s/samples; echo mine > s/samples/a.jpg; $st eval frames --teacher "
                  "labels/card.yaml --out s")
                .code,
            2);
  EXPECT_EQ(Shell("cp labels/000003.png mine; mkdir l; cp labels/card.yaml l; ln -s ../mine "
                  "l/000003.png; $st label frames --teacher labels/card.yaml --out l")
                .code,
            2);
}

TEST_F(Outputs, StudentsAndPicturesNeedFilesOfTheirKind) {
  ASSERT_EQ(
      Shell("mkfifo p.safetensors p.png; echo mine > notes; cp frames/000003.png other.st").code,
      0);
  const std::string check = "teacher check labels/card.yaml frames/000003.png --runs 1 --out ";
  for (const std::string& command :
       {std::string("student init --classes a,b --out p.safetensors"),
        std::string("student init --classes a,b --out notes"),
        std::string("student convert student.safetensors p.safetensors"),
        std::string("student convert student.safetensors other.st"), check + "p.png",
        check + "student.safetensors", check + "/dev/null"}) {
    const Ended refused = Shell("$st " + command);
    EXPECT_EQ(refused.code, 2) << command << refused.said;
  }
  EXPECT_EQ(ReadText(folder_ / "notes"), "mine\n");
  EXPECT_EQ(Shell("$st student init --classes a,b --out new/deep/s && "
                  "$st student init --classes a,b --out new/deep/s")
                .code,
            0);
}

TEST_F(Outputs, JsonGoesIntoPipesDevicesAndLinks) {
  const std::string plan =
      "$st plan --student-ms 20 --step-ms 15 --teacher-ms 50 --bytes-up 1MB --json ";
  EXPECT_EQ(Shell("mkfifo pipe; cat pipe > got & " + plan + "pipe && wait && [ -p pipe ]").code, 0);
  EXPECT_NE(ReadText(folder_ / "got").find('{'), std::string::npos);
  EXPECT_EQ(Shell("echo old > real; ln -s real link; " + plan + "link && [ -L link ]").code, 0);
  EXPECT_EQ(ReadText(folder_ / "real").front(), '{');
  EXPECT_EQ(Shell(plan + "new/deep/plan.json").code, 0);
  EXPECT_EQ(ReadText(folder_ / "new/deep/plan.json").front(), '{');
  EXPECT_EQ(Shell(plan + "/dev/stdout > both && grep -q bounds both; tail -1 both").said, "}\n");
  if (fs::exists("/dev/full")) {
    EXPECT_EQ(Shell(plan + "/dev/full").code, 1);
    EXPECT_TRUE(fs::is_character_file("/dev/full"));
  }
  // Found out at the start: no server is asked.
  const Ended refused = Shell("$st run frames --server 127.0.0.1:1 --json labels/card.yaml/a.json");
  EXPECT_EQ(refused.code, 1);
  EXPECT_NE(refused.said.find("cannot make the folder"), std::string::npos) << refused.said;
}

TEST_F(Outputs, ARunSaysWhatItCannotWriteBeforeItAsksAServer) {
  ASSERT_EQ(Shell("mkdir foreign; cp frames/000003.png foreign/; echo old >lines; echo x >shut; "
                  "chmod 444 shut; mkfifo pipe.mp4; touch file; cp shut shut.mp4")
                .code,
            0);
  for (const std::string output :
       {"--out a.avi", "--out pipe.mp4", "--masks foreign", "--masks file", "--jsonl shut",
        "--json shut", "--out shut.mp4", "--jsonl /dev/full", "--json /dev/full",
        "--json /dev/fd/77", "--out shut/a.mp4", "--json m --masks m/a"}) {
    const Ended refused = Shell("$st run frames --server 127.0.0.1:1 " + output);
    EXPECT_NE(refused.code, 0) << output;
    EXPECT_EQ(refused.said.find("127.0.0.1"), std::string::npos) << output << ": " << refused.said;
  }
  EXPECT_NE(Shell("$st run frames --server 127.0.0.1:1 --jsonl lines --out new.mp4").code, 0);
  EXPECT_EQ(ReadText(folder_ / "lines"), "old\n") << "kept until there are results";
  EXPECT_FALSE(fs::exists(folder_ / "new.mp4"));
}

TEST_F(Outputs, EmptyNamesAreErrors) {
  for (const std::string command :
       {"run frames --out ''", "run frames --masks ''", "run frames --jsonl ''",
        "run frames --json ''",
        "run frames --json=", "label frames --teacher labels/card.yaml --out ''",
        "eval frames --teacher labels/card.yaml --out ''",
        "eval frames --teacher labels/card.yaml --json ''",
        "plan --student-ms 1 --step-ms 1 --teacher-ms 1 --json ''",
        "student init --classes a,b --out ''",
        "teacher check labels/card.yaml frames/000003.png --out ''"}) {
    const Ended refused = Shell("$st " + command);
    EXPECT_EQ(refused.code, 2) << command << refused.said;
    EXPECT_NE(refused.said.find("--"), std::string::npos) << command << refused.said;
  }
}

TEST_F(Outputs, AStoppedTrainingIsNotBegunAnewWithoutAWord) {
  const std::string train =
      "$st pretrain --images frames --labels labels --classes a,b --student-width 0.25 --crop "
      "64x48 --batch 2 --checkpoint-every 1 --out s.safetensors --steps ";
  const Ended stopped = Shell(train +
                              "100000 >log 2>&1 & pid=$!; while [ ! -e "
                              "s.safetensors.state ]; do sleep 0.02; done; kill $pid; wait $pid");
  ASSERT_EQ(stopped.code, 130) << ReadText(folder_ / "log");
  const std::string state = ReadText(folder_ / "s.safetensors.state");
  const Ended refused = Shell(train + "100000");
  EXPECT_NE(refused.code, 0);
  EXPECT_NE(refused.said.find("--resume"), std::string::npos) << refused.said;
  EXPECT_EQ(ReadText(folder_ / "s.safetensors.state"), state);
  EXPECT_EQ(Shell("rm s.safetensors.state; " + train + "1").code, 0);
  EXPECT_EQ(Shell(train + "1").code, 0) << "a complete run may be done again";
}

TEST_F(Outputs, ASignalLeavesWholeFiles) {
  const std::string ffprobe = eval::live::FindProgram("ffprobe").string();
  if (ffprobe.empty()) GTEST_SKIP() << "ffprobe is not there";
  Serve();
  for (const std::string signal : {"HUP", "PIPE", "TERM"}) {
    std::string script = "signal=" + signal;
    script.append("; ffprobe=")
        .append(ffprobe)
        .append(
            "; $st run frames --server $server --max-fps 50 --out w/o.mp4 --masks w/m --jsonl "
            "w/j.jsonl "
            "--json w/s.json >log 2>&1 & pid=$!; "
            "while [ ! -e w/m/000005.png ]; do sleep 0.02; done; "
            "kill -$signal $pid; wait $pid; "
            "code=$?; echo exit $code, $(ls w/m | wc -l) masks, $(wc -l <w/j.jsonl) lines, "
            "$($ffprobe -v error -count_frames -show_entries stream=nb_read_frames -of "
            "csv=p=0 w/o.mp4) frames; ls w; rm -r w");
    const Ended ended = Shell(script);
    int code = 0, masks = 0, lines = 0, frames = 0;
    ASSERT_EQ(std::sscanf(ended.said.c_str(), "exit %d, %d masks, %d lines, %d frames", &code,
                          &masks, &lines, &frames),
              4)
        << ended.said;
    EXPECT_EQ(code, 130) << signal;
    EXPECT_GE(masks, 6);
    EXPECT_LT(masks, kFrames);
    EXPECT_EQ(masks, lines);
    EXPECT_EQ(masks, frames);
    EXPECT_NE(ended.said.find("\nj.jsonl\nm\no.mp4\ns.json\n"), std::string::npos) << ended.said;
  }
  // Whoever reads the progress, or the lines, goes away.
  const Ended gone = Shell(
      "{ $st run frames --server $server --max-fps 50 --out w/o.mp4 --jsonl /dev/stdout --json "
      "w/s.json; echo exit $? >code; } 2>log | head -2 | wc -l; cat code; ls w");
  EXPECT_EQ(gone.said, "2\nexit 130\no.mp4\ns.json\n");
}

TEST_F(Outputs, LabellingGoesOnAfterItsTerminalWasClosed) {
  const std::string label = "$st label frames --teacher slow.yaml --out out ";
  const Ended ended = Shell(
      "sed 's|^folder:.*|folder: labels|' labels/card.yaml >slow.yaml; echo 'seconds_per_frame: "
      "0.05'"
      " >>slow.yaml; " +
      label +
      ">log 2>&1 & pid=$!; "
      "while [ ! -e out/000003.png ]; do sleep 0.02; done; kill -HUP $pid; wait $pid; echo exit "
      "$?; "
      "[ -e out/000199.png ] && echo too late; ls out | grep part; " +
      label + "--frames 30 | grep -c '^30 frames have labels in out'");
  EXPECT_EQ(ended.said, "exit 130\n1\n");
}

TEST_F(Outputs, ASecondRunIntoTheSameOutputsIsRefused) {
  Serve();
  const Ended ended = Shell(
      "$st run frames --server $server --max-fps 5 --out w/o.mp4 --masks w/m --jsonl w/j.jsonl "
      "--json w/s.json >log 2>&1 & pid=$!; "
      "while [ ! -e w/m/000001.png ]; do sleep 0.02; done; "
      "for output in '--out w/o.mp4' '--masks w/m' '--jsonl w/j.jsonl' '--json w/s.json'; do "
      "$st run frames --server $server $output >second 2>&1 && echo \"$output was taken\"; "
      "grep -q 'another run is writing' second || cat second; done; kill -INT $pid; "
      "wait $pid; echo exit $?");
  EXPECT_EQ(ended.said, "exit 130\n");
}

TEST_F(Outputs, ServersIgnoreHangups) {
  const Ended ended = Shell(
      "$st serve --teacher labels/card.yaml --listen 127.0.0.1:0 >listening 2>log & pid=$!; "
      "while ! grep -qs listening listening; do sleep 0.02; done; kill -HUP $pid; kill -PIPE $pid; "
      "$st run frames --server $(sed 's/listening on //' listening) --frames 3 >run 2>&1; "
      "echo exit $?; kill $pid; wait $pid; echo server $?");
  EXPECT_EQ(ended.said, "exit 0\nserver 0\n");
}

}  // namespace
}  // namespace shadowtutor::cli
