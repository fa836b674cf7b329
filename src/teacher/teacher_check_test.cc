// Tests the diagnoses of wrong cards, with networks so small that the results are known.
#include "teacher/teacher_check.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "teacher/onnx_model.h"
#include "teacher/testing/tiny_onnx.h"
#include "video/testing/test_files.h"

namespace shadowtutor::teacher {
namespace {

using testing::ErrorOf;
using testing::PlainImage;
using testing::TemporaryFolder;
using testing::TinyConv;
using testing::TinyOnnx;
using testing::WriteText;

class TeacherCheckTest : public ::testing::Test {
 protected:
  void Model(const std::vector<TinyConv>& convs) {
    WriteText(folder_ / "m.onnx", TinyOnnx::Model(16, 8, convs));
  }
  TeacherCheck Check(const std::string& card, const Image& image) {
    WriteText(folder_ / "card.yaml", card);
    return CheckTeacher(folder_ / "card.yaml", image, 1);
  }
  static bool Finds(const TeacherCheck& check, const std::string& part) {
    return std::any_of(check.findings.begin(), check.findings.end(),
                       [&](const std::string& one) { return one.find(part) != std::string::npos; });
  }
  static std::string All(const TeacherCheck& check) {
    std::string all;
    for (const std::string& finding : check.findings) all += finding + "\n";
    return all;
  }

  TemporaryFolder folder_;
};

// Red on the left, grey on the right.
Image RedAndGrey() {
  Image image = PlainImage(32, 16, 100, 100, 100);
  for (int y = 0; y < 16; ++y) {
    for (int x = 0; x < 16; ++x) {
      image.row(y)[3 * x] = image.row(y)[3 * x + 1] = 10;
      image.row(y)[3 * x + 2] = 230;
    }
  }
  return image;
}

// A network that is sure which pixels are red, if red is the first channel.
const TinyConv kRedOrNot = {"output", {{-12, 6, 6}, {12, -6, -6}}, {4, -4}, 1};
const std::string kHead = "kind: semantic-logits\nfile: m.onnx\n";
const std::string kClasses = "classes: [background, red]\n";

TEST_F(TeacherCheckTest, ARightCardHasNothingWrong) {
  Model({kRedOrNot});
  const TeacherCheck check =
      Check(kHead + "input: {width: 16, height: 8}\n" + kClasses, RedAndGrey());
  EXPECT_TRUE(check.works);
  EXPECT_TRUE(check.findings.empty()) << All(check);
  ASSERT_EQ(check.teacher_shares.size(), 2u);
  EXPECT_NEAR(check.teacher_shares[0].share, 0.5, 0.05);
  EXPECT_GT(check.sureness.value(), 0.95);
  EXPECT_EQ(check.label.size(), (FrameSize{32, 16}));
  EXPECT_EQ(check.label.at(2, 8), 1);
  EXPECT_GT(check.seconds_per_frame, 0);
  EXPECT_NEAR(check.input_high, 230 / 255.0, 1e-3);
}

TEST_F(TeacherCheckTest, TurnedRoundChannels) {
  // This network is sure where the first channel differs from the second, and undecided elsewhere.
  Model({{"output", {{-9, 9, 0}, {9, -9, 0}}, {0, 0}, 1}});
  const TeacherCheck check =
      Check(kHead + "input: {width: 16, height: 8, order: bgr}\n" + kClasses, RedAndGrey());
  EXPECT_TRUE(check.works);
  EXPECT_TRUE(Finds(check, "order: rgb") && Finds(check, "surer (mean top probability"))
      << All(check);
}

TEST_F(TeacherCheckTest, BytesWhereTheNetworkWantsUnits) {
  Model({kRedOrNot});
  const TeacherCheck check =
      Check(kHead + "input: {width: 16, height: 8, scale: 1}\n" + kClasses, RedAndGrey());
  EXPECT_TRUE(Finds(check, "scale: 1/255") && Finds(check, "scores stay within")) << All(check);
}

TEST_F(TeacherCheckTest, MeansOfAnotherUnit) {
  Model({kRedOrNot});
  const TeacherCheck units =
      Check(kHead + "input: {width: 16, height: 8, scale: 1, mean: 0.45, std: 0.22}\n" + kClasses,
            RedAndGrey());
  EXPECT_TRUE(Finds(units, "say scale: 1/255")) << All(units);
  const TeacherCheck bytes =
      Check(kHead + "input: {width: 16, height: 8, mean: 120, std: 58}\n" + kClasses, RedAndGrey());
  EXPECT_TRUE(Finds(bytes, "say scale: 1") && Finds(bytes, "nearly the same value")) << All(bytes);
}

TEST_F(TeacherCheckTest, UnitsWhereTheNetworkWantsBytes) {
  Model({{"output", {{-0.12f, 0.06f, 0.06f}, {0.12f, -0.06f, -0.06f}}, {4, -4}, 1}});
  const TeacherCheck check =
      Check(kHead + "input: {width: 16, height: 8}\n" + kClasses, RedAndGrey());
  EXPECT_TRUE(Finds(check, "all of the picture is background")) << All(check);
  EXPECT_TRUE(Finds(check, "scale: 1, mean: 0, std: 1") && Finds(check, "tells classes apart"))
      << All(check);
}

TEST_F(TeacherCheckTest, AnotherNumberOfClasses) {
  Model({{"output", {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, {0, 0, 0}, 1}});
  const TeacherCheck fewer =
      Check(kHead + "input: {width: 16, height: 8}\nclasses: [cat, dog]\n", RedAndGrey());
  EXPECT_FALSE(fewer.works);
  EXPECT_TRUE(Finds(fewer, "3 classes") && Finds(fewer, "lists 2") && Finds(fewer, "background"))
      << All(fewer);
  const TeacherCheck more =
      Check(kHead + "input: {width: 16, height: 8}\nclasses: [background, cat, dog, cow]\n",
            RedAndGrey());
  EXPECT_TRUE(Finds(more, "may not count background")) << All(more);
}

TEST_F(TeacherCheckTest, AnotherInputSizeAndAspect) {
  Model({kRedOrNot});
  const TeacherCheck check =
      Check(kHead + "input: {width: 20, height: 20}\n" + kClasses, RedAndGrey());
  EXPECT_TRUE(Finds(check, "exported for an input of 16x8")) << All(check);
  EXPECT_TRUE(Finds(check, "squeezed into 20x20")) << All(check);
}

TEST_F(TeacherCheckTest, SaliencyThatIsNoProbability) {
  Model({{"output", {{20, -10, -10}}, {0}, 1}});
  const TeacherCheck check =
      Check("kind: saliency\nfile: m.onnx\ninput: {width: 16, height: 8}\n", RedAndGrey());
  EXPECT_TRUE(Finds(check, "threshold: 0")) << All(check);
}

TEST_F(TeacherCheckTest, AllOfOneClassAndAStudentThatLearnsNothing) {
  Model({{"output", {{0, 0, 0}, {0, 0, 0}}, {5, 0}, 1}});
  const TeacherCheck one =
      Check(kHead + "input: {width: 16, height: 8}\n" + kClasses, RedAndGrey());
  EXPECT_TRUE(Finds(one, "all of the picture is background")) << All(one);
  Model({{"output", {{-12, 6, 6}, {12, -6, -6}, {0, 0, 0}}, {4, -4, -50}, 1}});
  const TeacherCheck nothing =
      Check(kHead +
                "input: {width: 16, height: 8}\nclasses: [background, red, blue]\n"
                "student: {classes: [background, blue]}\n",
            RedAndGrey());
  EXPECT_TRUE(Finds(nothing, "student.map")) << All(nothing);
}

TEST_F(TeacherCheckTest, WhatBreaksIsAFindingAndNotTheEnd) {
  Model({{"output", {{0.01f, 0, 0}}, {0}, 1}});
  const TeacherCheck check = Check(
      "kind: class-map\nfile: m.onnx\ninput: {width: 16, height: 8}\n" + kClasses, RedAndGrey());
  EXPECT_FALSE(check.works);
  EXPECT_TRUE(Finds(check, "not a class index")) << All(check);
}

TEST_F(TeacherCheckTest, WhatCannotBeCheckedAtAllIsAnError) {
  EXPECT_EQ(
      ErrorOf([&] { Check("kind: replay\nfolder: .\nclasses: [a, b]\n", RedAndGrey()); }).code(),
      ErrorCode::kInvalidArgument);
  EXPECT_EQ(ErrorOf([&] {
              Check(kHead + "input: {width: 16, height: 8}\n" + kClasses, RedAndGrey());
            }).code(),
            ErrorCode::kNotFound);
}

TEST(OnnxInfo, ReadsTheInputsSizeAndNothingElse) {
  const TemporaryFolder folder;
  const std::string model = TinyOnnx::Model(24, 10, {kRedOrNot});
  WriteText(folder / "m.onnx", model);
  EXPECT_EQ(OnnxInputSize(folder / "m.onnx"), (FrameSize{24, 10}));
  EXPECT_EQ(OnnxInputSize(folder / "none.onnx"), std::nullopt);
  WriteText(folder / "noise.onnx", std::string(3000, '\xff'));
  EXPECT_EQ(OnnxInputSize(folder / "noise.onnx"), std::nullopt);
  for (size_t length = 0; length < model.size(); ++length) {
    WriteText(folder / "cut.onnx", model.substr(0, length));
    const auto size = OnnxInputSize(folder / "cut.onnx");
    EXPECT_TRUE(!size || *size == (FrameSize{24, 10})) << length;
  }
}

}  // namespace
}  // namespace shadowtutor::teacher
