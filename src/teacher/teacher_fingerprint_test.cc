#include "teacher/teacher_fingerprint.h"

#include <gtest/gtest.h>

#include <string>

#include "teacher/testing/tiny_onnx.h"
#include "video/testing/test_files.h"

namespace shadowtutor::teacher {
namespace {

using testing::TemporaryFolder;
using testing::TinyConv;
using testing::TinyOnnx;
using testing::WriteText;

constexpr char kCard[] =
    "kind: semantic-logits\n"
    "file: m.onnx\n"
    "input: {width: 16, height: 8, order: rgb}\n"
    "classes: [red, green, {name: blue, color: \"#0000ff\"}]\n";

class TeacherFingerprintTest : public ::testing::Test {
 protected:
  TeacherFingerprintTest() { WriteText(folder_ / "m.onnx", Network(1)); }
  static std::string Network(float weight) {
    return TinyOnnx::Model(16, 8,
                           {{"output", {{weight, 0, 0}, {0, 1, 0}, {0, 0, 1}}, {0, 0, 0}, 1}});
  }
  TeacherFingerprint Of(const std::string& card) {
    WriteText(folder_ / "card.yaml", card);
    return FingerprintOfTeacher(folder_ / "card.yaml");
  }
  static std::string With(const std::string& what, const std::string& by) {
    std::string card = kCard;
    return card.replace(card.find(what), what.size(), by);
  }

  const TemporaryFolder folder_;
};

TEST_F(TeacherFingerprintTest, OfACardIsWhatItSays) {
  const TeacherFingerprint before = Of(kCard);
  const auto differs = [&](const std::string& card) {
    EXPECT_NE(Of(card).card, before.card) << card;
    EXPECT_EQ(Of(card).network, before.network) << card;
  };
  const auto is_alike = [&](const std::string& card) {
    EXPECT_EQ(Of(card).card, before.card) << card;
  };
  differs(With("order: rgb", "order: bgr"));
  differs(With("width: 16", "width: 17"));
  differs(With("height: 8", "height: 8, mean: 0.5"));
  differs(With("height: 8", "height: 8, scale: 1"));
  differs(With("height: 8", "height: 8, std: [1, 1, 2]"));
  differs(With("green", "grey"));
  differs(With("red, green", "green, red"));
  differs(With("file:", "output: logits\nfile:"));
  differs(With("file:", "background: red\nfile:"));
  const std::string student = "student: {classes: [warm, cold], background: cold";
  differs(With("file:", student + "}\nfile:"));
  differs(With("file:", student + ", map: {red: warm}}\nfile:"));
  is_alike(With("{name: blue, color: \"#0000ff\"}", "blue"));
  is_alike(With("file:", "# of 1998\nfile:"));
  is_alike(With("file:", "note: none\nfile:"));
  is_alike(With("file:", "runtime: opencv\nfile:"));
  is_alike(With("order: rgb", "scale: 1/255"));
}

TEST_F(TeacherFingerprintTest, OfANetworkIsItsContent) {
  const TeacherFingerprint before = Of(kCard);
  WriteText(folder_ / "m.onnx", Network(2));
  EXPECT_NE(Of(kCard).network, before.network);
  EXPECT_EQ(Of(kCard).card, before.card);
  WriteText(folder_ / "renamed.onnx", Network(1));
  EXPECT_EQ(Of(With("m.onnx", "renamed.onnx")).network, before.network);
  EXPECT_EQ(Of(With("m.onnx", "renamed.onnx")).card, before.card);
  std::filesystem::remove(folder_ / "m.onnx");
  EXPECT_THROW(Of(kCard), Error);
}

TEST_F(TeacherFingerprintTest, WeightsInAnotherFileCount) {
  WriteText(folder_ / "m.onnx",
            TinyOnnx::OfGraph(TinyOnnx::Bytes(
                5, TinyOnnx::ExternalTensor("w", {3, 3, 1, 1}, {{"location", "m.data"}}))));
  WriteText(folder_ / "m.data", std::string(36, 'a'));
  const std::string before = Of(kCard).network;
  EXPECT_EQ(Of(kCard).network, before);
  WriteText(folder_ / "m.data", std::string(36, 'b'));
  EXPECT_NE(Of(kCard).network, before);
}

TEST_F(TeacherFingerprintTest, OfALabelFolderIsItsFiles) {
  std::filesystem::create_directory(folder_ / "labels");
  WriteText(folder_ / "labels/000000.png", "one");
  const std::string card = "kind: replay\nfolder: labels\nclasses: [a, b]\n";
  const TeacherFingerprint before = Of(card);
  EXPECT_EQ(Of(card + "seconds_per_frame: 1\n").card, before.card);
  WriteText(folder_ / "labels/000000.boxes", "0 0 1 1\n");
  EXPECT_NE(Of(card).network, before.network);
  const std::string changed = Of(card).network;
  WriteText(folder_ / "labels/card.yaml", card);
  EXPECT_EQ(Of(card).network, changed);
}

}  // namespace
}  // namespace shadowtutor::teacher
