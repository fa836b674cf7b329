// Tests of what is looked at in ONNX files before a runtime reads them: weights in other files,
// inputs that a teacher does not have, and models that are wrong.
#include "teacher/onnx_model.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "teacher/onnx_check.h"
#include "teacher/open_teacher.h"
#include "teacher/teacher.h"
#include "teacher/testing/tiny_onnx.h"
#include "video/testing/test_files.h"

namespace shadowtutor::teacher {
namespace {

using testing::ErrorOf;
using testing::PlainImage;
using testing::Says;
using testing::TemporaryFolder;
using testing::TinyOnnx;
using testing::WriteText;
using Entries = std::vector<std::pair<std::string, std::string>>;
using Dims = std::vector<int64_t>;

std::string Raw(const std::vector<float>& values) {
  std::string raw(values.size() * sizeof(float), '\0');
  std::memcpy(raw.data(), values.data(), raw.size());
  return raw;
}

// A 1x1 convolution without a bias: the output is the input's channels.
const std::vector<float> kIdentity = {1, 0, 0, 0, 1, 0, 0, 0, 1};

std::string ConvOf(const std::string& weights, const Dims& input = {1, 3, 8, 16},
                   const std::vector<std::string>& attributes = {
                       TinyOnnx::Ints("kernel_shape", {1, 1})}) {
  return TinyOnnx::OfGraph(
      TinyOnnx::Bytes(1, TinyOnnx::Node("Conv", {"input", "w"}, "output", attributes)) +
      TinyOnnx::Bytes(5, weights) + TinyOnnx::Bytes(11, TinyOnnx::Value("input", input)) +
      TinyOnnx::Bytes(12, TinyOnnx::Value("output", {1, 3, 8, 16})));
}

std::string ExternalConv(const Entries& entries) {
  return ConvOf(TinyOnnx::ExternalTensor("w", {3, 3, 1, 1}, entries));
}

std::string Plain(const Dims& dims, const std::vector<float>& values) {
  return TinyOnnx::Tensor("w", dims, values);
}

class OnnxModelTest : public ::testing::Test {
 protected:
  OnnxModelTest() {
    std::filesystem::create_directory(folder_ / "model");
    WriteText(folder_ / "model/card.yaml",
              "kind: semantic-logits\nfile: m.onnx\ninput: {width: 16, height: 8}\n"
              "classes: [red, green, blue]\nruntime: opencv\n");
  }
  // A green frame gets the class green.
  void ExpectReads() {
    const auto teacher = OpenTeacher(folder_ / "model/card.yaml");
    EXPECT_EQ(teacher->Label(PlainImage(16, 8, 0, 200, 0), 0).label, LabelMap(16, 8, 1));
    EXPECT_EQ(teacher->Label(PlainImage(16, 8, 200, 0, 0), 0).label, LabelMap(16, 8, 2));
  }
  void Model(const std::string& bytes) { WriteText(folder_ / "model/m.onnx", bytes); }
  Error OpenError() {
    return ErrorOf([&] { OpenTeacher(folder_ / "model/card.yaml"); });
  }
  void ExpectRefused(const std::string& model, ErrorCode code, const std::string& part) {
    Model(model);
    const Error error = OpenError();
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_TRUE(Says(error, part) && Says(error, "m.onnx")) << error.what();
  }

  const TemporaryFolder folder_;
};

TEST_F(OnnxModelTest, ReadsWeightsFromTheFileBesideIt) {
  WriteText(folder_ / "model/m.onnx.data", std::string(64, '\xff') + Raw(kIdentity) + "behind");
  Model(ExternalConv({{"location", "m.onnx.data"}, {"offset", "64"}, {"length", "36"}}));
  ExpectReads();
  EXPECT_EQ(
      OnnxExternalFiles(testing::ReadText(folder_ / "model/m.onnx"), folder_ / "model/m.onnx"),
      std::vector<std::filesystem::path>{folder_ / "model/m.onnx.data"});
  const std::string longest(200, 'w');
  WriteText(folder_ / ("model/" + longest), Raw(kIdentity));
  Model(ExternalConv({{"location", longest}}));
  ExpectReads();
  // Without a length, the weights' shape says it; a folder below the model's is allowed.
  std::filesystem::create_directory(folder_ / "model/parts");
  WriteText(folder_ / "model/parts/w", Raw(kIdentity));
  Model(ExternalConv({{"location", "parts/w"}}));
  ExpectReads();
  Model(ExternalConv({{"location", "./parts/../parts/w"}, {"checksum", "whatever"}}));
  ExpectReads();
}

TEST_F(OnnxModelTest, ReadsConstantsFromTheFileBesideIt) {
  WriteText(folder_ / "model/m.data", Raw(kIdentity));
  const std::string value =
      TinyOnnx::Bytes(1, "value") + TinyOnnx::Number(20, 4) +
      TinyOnnx::Bytes(5, TinyOnnx::ExternalTensor("", {3, 3, 1, 1}, {{"location", "m.data"}}));
  Model(TinyOnnx::OfGraph(
      TinyOnnx::Bytes(1, TinyOnnx::Node("Constant", {}, "w", {value})) +
      TinyOnnx::Bytes(1, TinyOnnx::Node("Conv", {"input", "w"}, "output",
                                        {TinyOnnx::Ints("kernel_shape", {1, 1})})) +
      TinyOnnx::Bytes(11, TinyOnnx::Value("input", {1, 3, 8, 16})) +
      TinyOnnx::Bytes(12, TinyOnnx::Value("output", {1, 3, 8, 16}))));
  ExpectReads();
}

TEST_F(OnnxModelTest, LinksToAModelFindItsWeights) {
  std::filesystem::create_directory(folder_ / "store");
  WriteText(folder_ / "store/m.data", Raw(kIdentity));
  WriteText(folder_ / "store/blob", ExternalConv({{"location", "m.data"}}));
  std::filesystem::create_symlink(folder_ / "store/blob", folder_ / "model/m.onnx");
  ExpectReads();  // beside what the link points at
  WriteText(folder_ / "other", Raw(kIdentity));
  std::filesystem::remove(folder_ / "store/m.data");
  std::filesystem::create_symlink(folder_ / "other", folder_ / "model/m.data");
  ExpectReads();  // a link to the weights beside the link to the model
}

TEST_F(OnnxModelTest, WeightsThatAreNotThereAreNamed) {
  ExpectRefused(ExternalConv({{"location", "weights.bin"}, {"length", "36"}}), ErrorCode::kNotFound,
                (folder_ / "model/weights.bin").string());
  std::filesystem::create_directory(folder_ / "model/weights.bin");
  ExpectRefused(ExternalConv({{"location", "weights.bin"}}), ErrorCode::kInvalidArgument,
                "not a file");
}

TEST_F(OnnxModelTest, WeightsOutsideTheModelsFolderAreRefused) {
  WriteText(folder_ / "secret", Raw(kIdentity));
  for (const std::string& location :
       {std::string("../secret"), std::string("a/../../secret"), (folder_ / "secret").string(),
        std::string(""), std::string("."), std::string(".."), std::string("parts/"),
        std::string("w\0x", 3)}) {
    ExpectRefused(ExternalConv({{"location", location}}), ErrorCode::kInvalidArgument,
                  "no place beside the model");
  }
  ExpectRefused(ExternalConv({}), ErrorCode::kInvalidArgument, "another file");
}

TEST_F(OnnxModelTest, WeightsThatDoNotFitTheirFileAreRefused) {
  WriteText(folder_ / "model/d", Raw(kIdentity));
  const auto refused = [&](const Entries& place) {
    Entries entries = {{"location", "d"}};
    entries.insert(entries.end(), place.begin(), place.end());
    ExpectRefused(ExternalConv(entries), ErrorCode::kDataLoss, "");
  };
  refused({{"offset", "1"}});
  refused({{"offset", "1"}, {"length", "35"}});
  refused({{"length", "37"}});
  refused({{"offset", "18446744073709551615"}, {"length", "36"}});
  refused({{"offset", "-1"}});
  refused({{"offset", "0x0"}});
  refused({{"length", "many"}});
  // Shapes whose size cannot be told, or is more than the file has.
  for (const Dims& dims : {Dims{-3, 3}, Dims{1 << 20, 1 << 20, 1 << 20}, Dims{1 << 20, 1 << 10}}) {
    ExpectRefused(ConvOf(TinyOnnx::ExternalTensor("w", dims, {{"location", "d"}})),
                  ErrorCode::kDataLoss, "");
  }
}

TEST_F(OnnxModelTest, InputsThatATeacherDoesNotHaveAreNamed) {
  const auto refused = [&](const Dims& dims, const std::string& part) {
    ExpectRefused(ConvOf(Plain({3, 3, 1, 1}, kIdentity), dims), ErrorCode::kInvalidArgument, part);
  };
  refused({1, 8, 16, 3}, "NHWC");
  refused({0, 0, 0, 3}, "NHWC");
  refused({1, 1, 8, 16}, "one channel");
  refused({1, 8, 16, 1}, "one channel");
  refused({1, 4, 8, 16}, "4 channels");
  refused({2, 3, 8, 16}, "2 pictures at a time");
  refused({3, 8, 16}, "[3,8,16]");
  ExpectRefused(
      TinyOnnx::OfGraph(TinyOnnx::Bytes(1, TinyOnnx::Node("Add", {"image", "side"}, "output")) +
                        TinyOnnx::Bytes(11, TinyOnnx::Value("image", {1, 3, 8, 16})) +
                        TinyOnnx::Bytes(11, TinyOnnx::Value("side", {1, 3, 8, 16})) +
                        TinyOnnx::Bytes(12, TinyOnnx::Value("output", {1, 3, 8, 16}))),
      ErrorCode::kInvalidArgument, "2 inputs (image, side)");
  // Weights that are listed among the inputs, as old exporters do, are no inputs; neither are sizes
  // that are left open wrong.
  const std::string listed = TinyOnnx::OfGraph(
      TinyOnnx::Bytes(1, TinyOnnx::Node("Conv", {"input", "w"}, "output",
                                        {TinyOnnx::Ints("kernel_shape", {1, 1})})) +
      TinyOnnx::Bytes(11, TinyOnnx::Value("w", {3, 3, 1, 1})) +
      TinyOnnx::Bytes(11, TinyOnnx::Value("input", {1, 3, 8, 16})) +
      TinyOnnx::Bytes(5, Plain({3, 3, 1, 1}, kIdentity)) +
      TinyOnnx::Bytes(12, TinyOnnx::Value("output", {1, 3, 8, 16})));
  Model(listed);
  ExpectReads();
  EXPECT_NO_THROW(CheckOnnxInput(ConvOf(Plain({3, 3, 1, 1}, kIdentity), {0, 3, -1, -1}), "m"));
  EXPECT_NO_THROW(CheckOnnxInput("no model", "m"));
}

// What ended the process in OpenCV 4.6, and what is alike.
TEST_F(OnnxModelTest, ModelsThatAreWrongCostASentence) {
  const auto refused = [&](const std::string& model, const std::string& part) {
    ExpectRefused(model, ErrorCode::kInvalidArgument, part);
  };
  refused(ConvOf(Plain({3, 3, 1, 1}, {})), "no values");
  refused(ConvOf(Plain({3, 3, 1, 1}, {1, 2})), "another number of values");
  refused(ConvOf(Plain({0, 3, 1, 1}, {})), "no values");
  refused(ConvOf(Plain({-1, 3, 1, 1}, {})), "impossible shape");
  refused(ConvOf(Plain({9}, kIdentity)), "impossible shape");
  refused(ConvOf(TinyOnnx::Number(2, 99) + TinyOnnx::Bytes(8, "w")), "type");
  refused(ConvOf(TinyOnnx::Bytes(8, "v")), "");
  const std::string whole = Plain({3, 3, 1, 1}, kIdentity);
  for (const int64_t bad : {int64_t{0}, int64_t{-1}, std::numeric_limits<int64_t>::max()}) {
    for (const char* name : {"strides", "dilations", "kernel_shape"}) {
      refused(ConvOf(whole, {1, 3, 8, 16}, {TinyOnnx::Ints(name, {1, bad})}), name);
    }
  }
  refused(ConvOf(whole, {1, 3, 8, 16}, {TinyOnnx::Ints("kernel_shape", {3, 3})}), "kernel_shape");
  refused(ConvOf(whole, {1, 3, 8, 16}, {TinyOnnx::Ints("strides", {1, 1, 1})}), "strides");
  for (const int64_t groups : {0, -1, 2}) {
    refused(ConvOf(whole, {1, 3, 8, 16},
                   {TinyOnnx::Bytes(1, "group") + TinyOnnx::Number(3, groups) +
                    TinyOnnx::Number(20, 2)}),
            "groups");
  }
  const auto graph = [](const std::string& node, const std::string& tensors = {}) {
    return TinyOnnx::OfGraph(TinyOnnx::Bytes(1, node) + tensors +
                             TinyOnnx::Bytes(11, TinyOnnx::Value("input", {1, 3, 8, 16})) +
                             TinyOnnx::Bytes(12, TinyOnnx::Value("output", {1, 3, 8, 16})));
  };
  refused(graph(TinyOnnx::Node("Conv", {"input"}, "output")), "no weights");
  refused(graph(TinyOnnx::Node("Conv", {"input", "nowhere"}, "output")), "nowhere");
  refused(graph(TinyOnnx::Node("Relu", {}, "output")), "no input");
  refused(graph(TinyOnnx::Node("Relu", {"input"}, "other")), "makes its output output");
  const std::string empty = TinyOnnx::Bytes(5, Plain({0}, {}));
  refused(graph(TinyOnnx::Node("Mul", {"input", "w"}, "output"), empty), "no values");
  refused(graph(TinyOnnx::Node("Softmax", {"input"}, "output",
                               {TinyOnnx::Bytes(1, "axis") + TinyOnnx::Number(3, 1000000) +
                                TinyOnnx::Number(20, 2)})),
          "impossible axis");
}

TEST_F(OnnxModelTest, DamageIsNotRepairedByPuttingWeightsIn) {
  WriteText(folder_ / "model/w", Raw(kIdentity));
  const std::string cut(1, '\x0a');  // a field that lacks its length
  Model(ExternalConv({{"location", "w"}}) + cut);
  EXPECT_TRUE(ReadOnnx(folder_ / "model/m.onnx").ends_with(cut));
  EXPECT_TRUE(Says(OpenError(), "damaged")) << OpenError().what();
}

TEST_F(OnnxModelTest, NoDamageEndsTheProcess) {
  const std::string whole =
      TinyOnnx::Model(16, 8, {{"output", {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, {0, 0, 0}, 1}});
  EXPECT_EQ(OnnxFault(whole), "");
  for (size_t at = 0; at < whole.size(); ++at) {
    for (const int change : {1, 0x80, 0xff}) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ change);
      Model(damaged);
      try {
        OpenTeacher(folder_ / "model/card.yaml");
      } catch (const Error& error) {
        EXPECT_FALSE(std::string(error.what()).empty());
      }
    }
  }
}

TEST_F(OnnxModelTest, InputSize) {
  Model(ConvOf(Plain({3, 3, 1, 1}, kIdentity)));
  EXPECT_EQ(OnnxInputSize(folder_ / "model/m.onnx"), (FrameSize{16, 8}));
  Model(ConvOf(Plain({3, 3, 1, 1}, kIdentity), {1, 3, 0, 0}));
  EXPECT_FALSE(OnnxInputSize(folder_ / "model/m.onnx"));
  EXPECT_FALSE(OnnxInputSize(folder_ / "none.onnx"));
}

}  // namespace
}  // namespace shadowtutor::teacher
