// `shadowtutor label` as people call it, into a folder that holds labels already.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "core/atomic_file.h"
#include "eval/live/process.h"
#include "teacher/testing/tiny_onnx.h"
#include "video/image_png.h"
#include "video/testing/test_files.h"

namespace shadowtutor::cli {
namespace {

namespace fs = std::filesystem;
using eval::live::Process;
using testing::PlainImage;
using testing::ReadText;
using testing::TemporaryFolder;
using testing::TinyOnnx;
using testing::WriteText;

constexpr int kFrames = 4;

class LabelProgram : public ::testing::Test {
 protected:
  LabelProgram() {
    fs::create_directory(folder_ / "clip");
    for (int i = 0; i < kFrames; ++i) WriteFrame(i, 100);
    WriteText(folder_ / "net.onnx", Network(1));
    WriteText(folder_ / "card.yaml", Card("rgb"));
  }

  void WriteFrame(int index, uint8_t blue) const {
    WriteFileAtomically(folder_ / ("clip/" + std::to_string(index) + ".png"),
                        video::EncodeImagePng(PlainImage(16, 8, blue, 0, 0)));
  }
  static std::string Network(float weight) {
    return TinyOnnx::Model(16, 8,
                           {{"output", {{weight, 0, 0}, {0, 1, 0}, {0, 0, 1}}, {0, 0, 0}, 1}});
  }
  static std::string Card(const std::string& order) {
    return "kind: semantic-logits\nfile: net.onnx\ninput: {width: 16, height: 8, order: " + order +
           "}\nclasses: [first, second, third]\n";
  }

  // The exit code, and all that it said.
  std::pair<int, std::string> Label() const {
    const auto deadline = Process::Clock::now() + std::chrono::seconds(60);
    Process program({.arguments = {SHADOWTUTOR_PROGRAM, "label", folder_ / "clip", "--teacher",
                                   folder_ / "card.yaml", "--out", folder_ / "labels"},
                     .log = {}});
    std::string output = program.ReadAll(deadline);
    return {program.Wait(deadline).value_or(-1), std::move(output)};
  }
  void ExpectNew(int frames) const {
    const auto [code, output] = Label();
    EXPECT_EQ(code, 0) << output;
    EXPECT_NE(output.find("(" + std::to_string(frames) + " new)"), std::string::npos) << output;
  }
  void ExpectRefused(const std::string& part) const {
    const std::string before = ReadText(folder_ / "labels/000000.png");
    const auto [code, output] = Label();
    EXPECT_EQ(code, 1) << output;
    EXPECT_NE(output.find(part), std::string::npos) << output;
    EXPECT_NE(output.find("--out"), std::string::npos) << output;
    EXPECT_EQ(ReadText(folder_ / "labels/000000.png"), before);
  }

  const TemporaryFolder folder_;
};

TEST_F(LabelProgram, GoesOnWithTheSame) {
  ExpectNew(kFrames);
  ExpectNew(0);
  fs::remove(folder_ / "labels/000002.png");
  ExpectNew(1);
  // The same content, under other names and written later.
  fs::rename(folder_ / "net.onnx", folder_ / "renamed.onnx");
  std::string card = Card("rgb");
  card.replace(card.find("net.onnx"), 8, "renamed.onnx");
  WriteText(folder_ / "card.yaml", "# corrected\n" + card);
  WriteFrame(1, 100);
  ExpectNew(0);
}

TEST_F(LabelProgram, RefusesWhatHasChangedUnderItsName) {
  ExpectNew(kFrames);
  WriteText(folder_ / "card.yaml", Card("bgr"));
  ExpectRefused("another model card");
  WriteText(folder_ / "card.yaml", Card("rgb"));
  WriteText(folder_ / "net.onnx", Network(2));
  ExpectRefused("another network");
  WriteText(folder_ / "net.onnx", Network(1));
  WriteFrame(3, 99);
  ExpectRefused("another video");
  WriteFrame(3, 100);
  fs::remove(folder_ / "clip/3.png");
  ExpectRefused("another video");
  WriteFrame(3, 100);
  ExpectNew(0);
}

TEST_F(LabelProgram, RefusesLabelsOfWhichItDoesNotKnowFromWhat) {
  ExpectNew(kFrames);
  std::string card = ReadText(folder_ / "labels/card.yaml");
  const size_t from = card.find("made_from"), to = card.find('\n', from);
  card.erase(from, to + 1 - from);
  WriteText(folder_ / "labels/card.yaml", card);
  ExpectRefused("earlier version");
}

}  // namespace
}  // namespace shadowtutor::cli
