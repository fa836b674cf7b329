// Tests of whole teachers: cards and ONNX files that the tests write, run by OpenCV's DNN module.
#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "teacher/network_input.h"
#include "teacher/open_teacher.h"
#include "teacher/output_reader.h"
#include "teacher/teacher.h"
#include "teacher/testing/colors.h"
#include "teacher/testing/tiny_onnx.h"
#include "video/label_png.h"
#include "video/open_source.h"
#include "video/source.h"
#include "video/testing/test_files.h"

namespace shadowtutor::teacher {
namespace {

using testing::ErrorOf;
using testing::kColors;
using testing::PlainImage;
using testing::RedAndBlue;
using testing::Says;
using testing::TemporaryFolder;
using testing::TinyConv;
using testing::TinyOnnx;
using testing::WriteText;

constexpr const char* kInput = "file: m.onnx\ninput: {width: 16, height: 8}\n";

class NetworkTeacherTest : public ::testing::Test {
 protected:
  void Model(const std::vector<TinyConv>& convs) {
    WriteText(folder_ / "m.onnx", TinyOnnx::Model(16, 8, convs));
  }
  std::unique_ptr<Teacher> Open(const std::string& card, const ClassList& classes = {},
                                int background = -1) {
    WriteText(folder_ / "card.yaml", card);
    return OpenTeacher(folder_ / "card.yaml", classes, background);
  }
  Error OpenError(const std::string& card) {
    return ErrorOf([&] { Open(card); });
  }

  TemporaryFolder folder_;
};

TEST_F(NetworkTeacherTest, SemanticLogits) {
  Model({kColors});
  const auto teacher =
      Open(std::string("kind: semantic-logits\n") + kInput + "classes: [red, green, blue]\n");
  EXPECT_EQ(teacher->background(), -1);
  EXPECT_EQ(teacher->classes().size(), 3u);
  for (const FrameSize size : {FrameSize{16, 8}, FrameSize{64, 48}, FrameSize{7, 5}}) {
    const Answer answer = teacher->Label(RedAndBlue(size.width, size.height), 0);
    ASSERT_EQ(answer.label.size(), size);
    EXPECT_FALSE(answer.has_instances);
    EXPECT_EQ(answer.label.at(0, 0), 0);
    EXPECT_EQ(answer.label.at(size.width - 1, size.height - 1), 2);
  }
}

TEST_F(NetworkTeacherTest, ChannelOrderMapAndStudentClasses) {
  Model({kColors});
  const std::string card =
      "kind: semantic-logits\nfile: m.onnx\ninput: {width: 16, height: 8, order: bgr}\n"
      "classes: [background, green, red]\n"  // BGR: the first channel is blue
      "student: {classes: [warm, rest], background: rest, map: {red: warm}}\n";
  const Image frame = RedAndBlue(16, 8);
  const auto by_card = Open(card);
  EXPECT_EQ(by_card->Label(frame, 0).label.at(0, 0), 0);
  EXPECT_EQ(by_card->Label(frame, 0).label.at(15, 0), 1);
  const auto by_student = Open(card, {{"nothing", {}}, {"cold", {}}, {"warm", {}}}, 0);
  EXPECT_EQ(by_student->Label(frame, 0).label.at(0, 0), 2);
  EXPECT_EQ(by_student->Label(frame, 0).label.at(15, 0), 0);
  EXPECT_EQ(by_student->classes().size(), 3u);
  EXPECT_EQ(by_student->background(), 0);
}

TEST_F(NetworkTeacherTest, SaliencyOfASmallerMap) {
  Model({{"output", {{1, 0, 0}}, {0}, 2}});  // puts out the red channel, 0..1, at half the size
  const auto teacher = Open(std::string("kind: saliency\n") + kInput + "threshold: 0.5\n");
  const Answer answer = teacher->Label(RedAndBlue(32, 16), 0);
  ASSERT_EQ(answer.label.size(), (FrameSize{32, 16}));
  EXPECT_EQ(answer.label.at(2, 8), 1);
  EXPECT_EQ(answer.label.at(29, 8), 0);
  EXPECT_EQ(teacher->background(), 0);
}

TEST_F(NetworkTeacherTest, ClassMap) {
  Model({{"output", {{0.01f, 0, 0}}, {0}, 1}});  // turns 200 into 2 (the card's scale is 1)
  const std::string card =
      "kind: class-map\nfile: m.onnx\ninput: {width: 16, height: 8, scale: 1}\n"
      "classes: [background, a, b]\n";
  // The trial frame's grey, 128, times 0.01 is not a class index, so opening the card fails.
  EXPECT_TRUE(Says(OpenError(card), "not a class index")) << OpenError(card).what();
  Model({{"output", {{1, 0, 0}}, {0}, 1}});
  const auto teacher = Open(
      "kind: class-map\nfile: m.onnx\ninput: {width: 16, height: 8, scale: 1/64}\n"
      "classes: [background, a, b]\n");
  EXPECT_EQ(teacher->Label(PlainImage(20, 10, 0, 0, 64), 0).label, LabelMap(20, 10, 1));
  EXPECT_EQ(teacher->Label(PlainImage(20, 10, 0, 0, 128), 0).label, LabelMap(20, 10, 2));
  const Error error = ErrorOf([&] { teacher->Label(PlainImage(20, 10, 0, 0, 192), 0); });
  EXPECT_EQ(error.code(), ErrorCode::kDataLoss);
  EXPECT_TRUE(Says(error, "class index 3") && Says(error, "card.yaml")) << error.what();
  EXPECT_EQ(teacher->Label(PlainImage(20, 10, 0, 0, 64), 0).label, LabelMap(20, 10, 1))
      << "a frame that failed costs only itself";
}

TEST_F(NetworkTeacherTest, SeveralOutputsNeedAName) {
  TinyConv second = kColors;
  second.output = "side";
  second.weights = {{0, 0, 1}};
  second.bias = {0};
  Model({kColors, second});
  const std::string card =
      std::string("kind: semantic-logits\n") + kInput + "classes: [red, green, blue]\n";
  const Error unnamed = OpenError(card);
  EXPECT_EQ(unnamed.code(), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(Says(unnamed, "output") && Says(unnamed, "side")) << unnamed.what();
  const Error unknown = OpenError(card + "output: logits\n");
  EXPECT_TRUE(Says(unknown, "\"logits\"") && Says(unknown, "side")) << unknown.what();
  EXPECT_EQ(Open(card + "output: output\n")->Label(RedAndBlue(16, 8), 0).label.at(15, 7), 2);
  EXPECT_EQ(Open(std::string("kind: saliency\n") + kInput + "output: side\n")
                ->Label(RedAndBlue(16, 8), 0)
                .label.at(15, 7),
            1);
}

TEST_F(NetworkTeacherTest, OutputsThatDoNotFitTheCardSayBoth) {
  Model({kColors});
  const Error four =
      OpenError(std::string("kind: semantic-logits\n") + kInput + "classes: [a, b, c, d]\n");
  EXPECT_EQ(four.code(), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(Says(four, "[1,3,8,16]") && Says(four, "[1,4,h,w]") && Says(four, "m.onnx") &&
              Says(four, "card.yaml"))
      << four.what();
  EXPECT_TRUE(Says(OpenError(std::string("kind: saliency\n") + kInput), "[1,1,h,w]"));
}

TEST_F(NetworkTeacherTest, NotANumberIsFoundWhenTheCardIsOpened) {
  TinyConv conv = kColors;
  conv.bias[1] = std::numeric_limits<float>::quiet_NaN();
  Model({conv});
  const Error error =
      OpenError(std::string("kind: semantic-logits\n") + kInput + "classes: [a, b, c]\n");
  EXPECT_EQ(error.code(), ErrorCode::kDataLoss);
  EXPECT_TRUE(Says(error, "not finite")) << error.what();
}

TEST_F(NetworkTeacherTest, FilesThatOpenCvCannotReadSayWhyAndWhatToDo) {
  const std::string card = std::string("kind: semantic-logits\n") + kInput + "classes: [a, b, c]\n";
  const Error missing = OpenError(card);
  EXPECT_EQ(missing.code(), ErrorCode::kNotFound);
  EXPECT_TRUE(Says(missing, "m.onnx")) << missing.what();
  WriteText(folder_ / "m.onnx", "");
  EXPECT_EQ(OpenError(card).code(), ErrorCode::kDataLoss);

  const std::string whole = TinyOnnx::Model(16, 8, {kColors});
  const std::string unreadable[] = {"this is no model\n", std::string(5000, '\xff'),
                                    whole.substr(0, whole.size() / 2),
                                    TinyOnnx::Model(16, 8, {kColors}, "NoSuchOperator")};
  for (const std::string& bytes : unreadable) {
    WriteText(folder_ / "m.onnx", bytes);
    const Error error = OpenError(card);
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument) << error.what();
    EXPECT_TRUE(Says(error, "m.onnx") && Says(error, "OpenCV") && Says(error, "fp32 ONNX"))
        << error.what();
  }
}

// This test is not linked with teacher/oip/.
TEST_F(NetworkTeacherTest, AProgramWithoutATransportRefusesModelsOnServers) {
  const Error error = OpenError(
      "kind: saliency\nserver: {address: '127.0.0.1:1', model: m}\n"
      "input: {width: 16, height: 8}\n");
  EXPECT_EQ(error.code(), ErrorCode::kFailedPrecondition);
  EXPECT_TRUE(Says(error, "cannot reach models on servers")) << error.what();
}

TEST_F(NetworkTeacherTest, NoTruncationEndsTheProcess) {
  const std::string whole = TinyOnnx::Model(16, 8, {kColors});
  for (size_t size = 1; size < whole.size(); ++size) {
    WriteText(folder_ / "m.onnx", whole.substr(0, size));
    EXPECT_THROW(Open(std::string("kind: semantic-logits\n") + kInput + "classes: [a, b, c]\n"),
                 Error)
        << size << " of " << whole.size() << " bytes";
  }
}

TEST(OutputFor, TakesTheCardsNameThenUsualOnesThenPlaces) {
  const std::vector<float> values = {0};
  const auto tensor = [&](const std::string& name, int side) {
    return NamedTensor{name, {{side}, values.data()}};
  };
  ModelCard card;
  card.kind = Kind::kMaskRcnn;
  const std::vector<NamedTensor> named = {tensor("scores", 1), tensor("labels", 2),
                                          tensor("boxes", 3), tensor("odd", 4)};
  EXPECT_EQ(OutputFor(named, card, "classes").shape[0], 2);
  const Error missing = ErrorOf([&] { OutputFor(named, card, "masks"); });
  EXPECT_TRUE(Says(missing, "`outputs.masks`") && Says(missing, "odd [4]")) << missing.what();
  card.outputs = {{"masks", "odd"}, {"boxes", "bananas"}};
  EXPECT_EQ(OutputFor(named, card, "masks").shape[0], 4);
  const Error wrong = ErrorOf([&] { OutputFor(named, card, "boxes"); });
  EXPECT_TRUE(Says(wrong, "no output \"bananas\"")) << wrong.what();

  card.outputs.clear();
  const std::vector<NamedTensor> places = {tensor("0", 1), tensor("1", 2), tensor("2", 3),
                                           tensor("3", 4), tensor("4", 5)};
  EXPECT_EQ(OutputFor(places, card, "scores").shape[0], 4);
  card.kind = Kind::kSemanticLogits;
  EXPECT_EQ(OutputFor({tensor("aux", 1), tensor("out", 2)}, card, "output").shape[0], 2);
  EXPECT_EQ(OutputFor({tensor("whatever", 7)}, card, "output").shape[0], 7);
}

TEST_F(NetworkTeacherTest, RuntimesThatAreNotThereAreSaidPlainly) {
  if (std::filesystem::exists("/dev/nvidia0")) GTEST_SKIP() << "this machine has a CUDA device";
  Model({kColors});
  const Error cuda = OpenError(std::string("kind: semantic-logits\ndevice: cuda\n") + kInput +
                               "classes: [red, green, blue]\n");
  EXPECT_EQ(cuda.code(), ErrorCode::kFailedPrecondition);
  EXPECT_TRUE(Says(cuda, "device: cpu")) << cuda.what();
}

TEST(NetworkInput, IsScaledShiftedAndOrderedAsTheCardSays) {
  Image image(2, 1);
  image.bytes() = {10, 20, 30, 40, 50, 60};  // BGR
  InputSpec spec;
  spec.size = {2, 1};
  spec.scale = 0.5;
  spec.mean = {1, 2, 3};
  spec.std = {2, 4, 8};
  const auto expect = [](const std::vector<float>& got, std::vector<float> wanted) {
    ASSERT_EQ(got.size(), wanted.size());
    for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], wanted[i], 1e-5) << i;
  };
  // In the order RGB, the first channel is red and has the first mean and std.
  expect(NetworkInput(image, spec, PlaceFrame(image.size(), spec)),
         {7, 14.5, 2, 5.75, 0.25, 2.125});
  spec.rgb = false;
  expect(NetworkInput(image, spec, PlaceFrame(image.size(), spec)), {2, 9.5, 2, 5.75, 1.5, 3.375});
}

TEST(NetworkInput, ShrinksByAreaAndHonoursRowStride) {
  Image wide(10, 4);
  for (size_t i = 0; i < wide.bytes().size(); ++i) wide.bytes()[i] = static_cast<uint8_t>(i * 37);
  const ImageView part(wide.bytes().data(), 8, 4, 30);  // the left eight columns
  InputSpec spec;
  spec.size = {4, 2};
  spec.scale = 1;
  const std::vector<float> values = NetworkInput(part, spec, PlaceFrame(part.size(), spec));
  cv::Mat shrunk;
  cv::resize(cv::Mat(4, 8, CV_8UC3, wide.bytes().data(), 30), shrunk, cv::Size(4, 2), 0, 0,
             cv::INTER_AREA);
  for (int y = 0; y < 2; ++y) {
    for (int x = 0; x < 4; ++x) {
      for (int c = 0; c < 3; ++c) {
        EXPECT_EQ(values[static_cast<size_t>(c * 8 + y * 4 + x)],
                  static_cast<float>(shrunk.at<cv::Vec3b>(y, x)[2 - c]));
      }
    }
  }
  EXPECT_EQ(ErrorOf([&] { PlaceFrame(ImageView().size(), spec); }).code(),
            ErrorCode::kInvalidArgument);
}

TEST(SharedModel, AgreesWithTheLabelsMadeFromIt) {
  const std::filesystem::path shared = SHADOWTUTOR_SOURCE_DIR "/../shared";
  const auto model = shared / "models/espnetv2_voc21_768x432.onnx";
  if (!std::filesystem::exists(model)) GTEST_SKIP() << "needs " << model;
  const TemporaryFolder folder;
  WriteText(folder / "card.yaml",
            "kind: semantic-logits\nfile: " + std::filesystem::canonical(model).string() +
                "\ninput: {width: 768, height: 432, mean: [0.485, 0.456, 0.406],"
                " std: [0.229, 0.224, 0.225]}\noutput: logits\n"
                "classes: [background, aeroplane, bicycle, bird, boat, bottle, bus, car, cat,"
                " chair, cow, diningtable, dog, horse, motorbike, person, pottedplant, sheep,"
                " sofa, train, tvmonitor]\n");
  const auto teacher = OpenTeacher(folder / "card.yaml");
  const auto source = video::OpenSource((shared / "videos/dog.mp4").string());
  Image frame;
  ASSERT_TRUE(source->Read(frame));
  const LabelMap got = teacher->Label(frame, 0).label;
  const LabelMap wanted = video::ReadLabelPng(shared / "labels/dog/000000.png");
  ASSERT_EQ(got.size(), wanted.size());
  size_t same = 0;
  for (size_t i = 0; i < got.labels().size(); ++i) same += got.labels()[i] == wanted.labels()[i];
  const double share = static_cast<double>(same) / static_cast<double>(got.labels().size());
  RecordProperty("agreement", std::to_string(share));
  // The labels were made with a reader that took this video, which is BT.709, for BT.601.
  EXPECT_GT(share, 0.99);
}

}  // namespace
}  // namespace shadowtutor::teacher
