#include "nn/checkpoint_io.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>
#include <optional>

#include "core/atomic_file.h"
#include "core/half.h"
#include "nn/safetensors.h"

namespace shadowtutor::nn {
namespace {

namespace fs = std::filesystem;

NetworkSpec SmallSpec() {
  return {.classes = 3,
          .in_conv1 = 4,
          .in_conv2 = 8,
          .enc1 = 16,
          .enc2 = 16,
          .enc3 = 32,
          .dec1 = 16,
          .dec2 = 16,
          .dec3 = 32,
          .out = 16};
}

Checkpoint SmallStudent() {
  return FreshStudent(SmallSpec(), {{"cat", {1, 2, 3}}, {"dog", {255, 0, 171}}, {"rest", {}}}, 2,
                      5);
}

struct Failure {
  ErrorCode code;
  std::string sentence;
};

std::optional<Failure> Reading(std::span<const uint8_t> bytes) {
  try {
    ParseCheckpoint(bytes);
  } catch (const Error& error) {
    return Failure{error.code(), error.what()};
  }
  return std::nullopt;
}

// The contents of a student's file, which a test can change before they are serialised.
struct Bendable {
  explicit Bendable(const Checkpoint& student) : bytes(SerializeCheckpoint(student)) {
    Safetensors file = ParseSafetensors(bytes);
    tensors = std::move(file.tensors);
    metadata = std::move(file.metadata);
  }
  TensorView& operator[](std::string_view name) {
    for (auto& tensor : tensors) {
      if (tensor.name == name) return tensor;
    }
    throw std::logic_error("no such tensor");
  }
  std::optional<Failure> Read() const { return Reading(SerializeSafetensors(tensors, metadata)); }

  std::vector<uint8_t> bytes;
  std::vector<TensorView> tensors;
  std::map<std::string, std::string> metadata;
};

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (fs::temp_directory_path() / "checkpoint_io_test.XXXXXX").string();
    if (!mkdtemp(pattern.data())) throw std::runtime_error("no temporary folder");
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  fs::path operator/(const char* name) const { return path_ / name; }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

TEST(CheckpointIo, ComesBackBitForBit) {
  const Checkpoint student = SmallStudent();
  const Checkpoint read = ParseCheckpoint(SerializeCheckpoint(student));
  EXPECT_EQ(read.layout->spec(), student.layout->spec());
  EXPECT_EQ(read.weights, student.weights);
  EXPECT_EQ(read.classes, student.classes);
  EXPECT_EQ(read.background, 2);
}

TEST(CheckpointIo, HalfPrecisionKeepsEveryHalf) {
  const Checkpoint student = SmallStudent();
  const auto bytes = SerializeCheckpoint(student, WeightType::kF16);
  EXPECT_LT(bytes.size(), SerializeCheckpoint(student).size() * 6 / 10);
  const Checkpoint read = ParseCheckpoint(bytes);
  ASSERT_EQ(read.weights.size(), student.weights.size());
  for (size_t i = 0; i < read.weights.size(); ++i) {
    ASSERT_EQ(read.weights[i], FloatFromHalf(HalfFromFloat(student.weights[i])));
  }
  EXPECT_EQ(SerializeCheckpoint(read, WeightType::kF16), bytes);
}

TEST(CheckpointIo, NoBackgroundStaysNone) {
  Checkpoint student = SmallStudent();
  student.classes[1].name = "background";
  student.background = -1;
  EXPECT_EQ(ParseCheckpoint(SerializeCheckpoint(student)).background, -1);
}

TEST(CheckpointIo, MetadataMayBeMissing) {
  Bendable file(SmallStudent());
  file.metadata = {{"classes", "cat,background,dog"}};
  const Checkpoint named = ParseCheckpoint(SerializeSafetensors(file.tensors, file.metadata));
  EXPECT_EQ(named.background, 1);
  EXPECT_EQ(named.classes[0], (ClassInfo{"cat", DefaultClassColor(0)}));
  EXPECT_EQ(named.classes[1], (ClassInfo{"background", Rgb{}}));
  EXPECT_EQ(named.classes[2], (ClassInfo{"dog", DefaultClassColor(2)}));

  file.metadata.clear();
  const Checkpoint bare = ParseCheckpoint(SerializeSafetensors(file.tensors, file.metadata));
  EXPECT_EQ(bare.background, -1);
  EXPECT_EQ(bare.classes[2].name, "class2");
}

TEST(CheckpointIo, MetadataThatDoesNotFitIsRefused) {
  using Metadata = std::map<std::string, std::string>;
  for (const Metadata& metadata : std::vector<Metadata>{
           {{"classes", "cat,dog"}},
           {{"classes", ""}},
           {{"classes", "cat,dog,"}},
           {{"classes", "cat,dog,cat"}},
           {{"classes", "cat,dog,a\nb"}},
           {{"classes", "cat,dog,rest"}, {"background", "sky"}},
           {{"classes", "cat,dog,rest"}, {"colors", "#000000,#ffffff"}},
           {{"classes", "cat,dog,rest"}, {"colors", "#000000,#ffffff,red"}},
           {{"classes", "cat,dog,rest"}, {"colors", "#000000,#ffffff,#12345g"}}}) {
    Bendable file(SmallStudent());
    file.metadata = metadata;
    const auto failure = file.Read();
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->code, ErrorCode::kInvalidArgument) << failure->sentence;
  }
}

TEST(CheckpointIo, EveryTruncationIsRefused) {
  const auto bytes = SerializeCheckpoint(SmallStudent());
  // Every length within the header, then every 997th length within the weights.
  for (size_t length = 0; length < bytes.size(); length += length < 6000 ? 1 : 997) {
    const auto failure = Reading(std::span(bytes).first(length));
    ASSERT_TRUE(failure) << length;
    EXPECT_EQ(failure->code, ErrorCode::kDataLoss) << failure->sentence;
  }
  EXPECT_TRUE(Reading(std::span(bytes).first(bytes.size() - 1)));
}

TEST(CheckpointIo, SaysWhichParameterIsWrong) {
  const std::vector<uint8_t> spare(size_t{1} << 16);
  const auto expect = [](const Bendable& file, const std::string& word) {
    const auto failure = file.Read();
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->code, ErrorCode::kInvalidArgument) << failure->sentence;
    EXPECT_NE(failure->sentence.find(word), std::string::npos) << failure->sentence;
  };
  Bendable missing(SmallStudent());
  std::erase_if(missing.tensors, [](const auto& t) { return t.name == "enc2.long_path.3.bias"; });
  expect(missing, "enc2.long_path.3.bias");

  Bendable extra(SmallStudent());
  extra.tensors.push_back({"enc9.weight", TensorType::kF32, {1}, std::span(spare).first(4)});
  expect(extra, "enc9.weight");

  Bendable shape(SmallStudent());
  shape["dec1.long_path.2.weight"].shape = {16, 16, 3, 1};
  expect(shape, "dec1.long_path.2.weight");

  Bendable count(SmallStudent());
  count["dec1.long_path.2.bias"].shape = {8};
  count["dec1.long_path.2.bias"].bytes = std::span(spare).first(32);
  expect(count, "dec1.long_path.2.bias");

  Bendable rank(SmallStudent());
  rank["in_conv1.weight"].shape = {4, 27};
  expect(rank, "in_conv1.weight");

  Bendable type(SmallStudent());
  auto& bias = type["out_conv3.bias"];
  bias.type = TensorType::kI32;
  expect(type, "out_conv3.bias");

  Bendable width(SmallStudent());
  width["enc3.long_path.0.weight"].shape = {24, 16, 3, 3};
  width["enc3.long_path.0.weight"].bytes = std::span(spare).first(24 * 16 * 9 * 4);
  expect(width, "enc3");

  // A small file whose channel counts are for a network of terabytes.
  Bendable huge(SmallStudent());
  huge["enc3.long_path.0.weight"].shape = {size_t{1} << (sizeof(size_t) == 8 ? 40 : 28), 0, 3, 3};
  huge["enc3.long_path.0.weight"].bytes = {};
  expect(huge, "enc3");
  huge["enc3.long_path.0.weight"].shape = {512, 0, 3, 3};
  expect(huge, "enc3");
}

Checkpoint DeepStudent(int depth) {
  NetworkSpec spec = SmallSpec();
  spec.depth = depth;
  return FreshStudent(spec, {{"cat", {}}, {"dog", {}}, {"rest", {}}}, 2, 6);
}

TEST(CheckpointIo, TheDepthIsReadOffTheNames) {
  for (const int depth : {1, 2, 3}) {
    const Checkpoint student = DeepStudent(depth);
    for (const WeightType type : {WeightType::kF32, WeightType::kF16}) {
      const Checkpoint back = ParseCheckpoint(SerializeCheckpoint(student, type));
      EXPECT_EQ(back.layout->spec(), student.layout->spec());
      if (type == WeightType::kF32) {
        EXPECT_EQ(back.weights, student.weights);
      }
    }
  }
}

TEST(CheckpointIo, StagesOfDifferentDepthsAreRefused) {
  const auto expect = [](const Bendable& file, const std::string& word) {
    const auto failure = file.Read();
    ASSERT_TRUE(failure) << word;
    EXPECT_EQ(failure->code, ErrorCode::kInvalidArgument) << failure->sentence;
    EXPECT_NE(failure->sentence.find(word), std::string::npos) << failure->sentence;
  };
  // A whole block is missing.
  for (const std::string lost : {"enc1.more.1.", "dec3.more.2.", "dec2.more.1."}) {
    Bendable file(DeepStudent(3));
    std::erase_if(file.tensors, [&](const auto& t) { return t.name.rfind(lost, 0) == 0; });
    expect(file, "lacks the parameter " + lost);
  }
  // Further blocks are missing in all stages but one.
  Bendable one(DeepStudent(2));
  std::erase_if(one.tensors, [](const auto& t) {
    return t.name.find(".more.") != std::string::npos && t.name.rfind("dec1", 0) != 0;
  });
  expect(one, "lacks the parameter enc1.more.1.");
  // A single parameter is missing.
  Bendable bias(DeepStudent(2));
  std::erase_if(bias.tensors,
                [](const auto& t) { return t.name == "enc3.more.1.long_path.3.bias"; });
  expect(bias, "enc3.more.1.long_path.3.bias");

  // Blocks with a number that no student has.
  const std::vector<uint8_t> spare(size_t{16} * 16 * 9 * 4);
  for (const std::string name : {"enc1.more.3.long_path.0.weight", "enc1.more.0.long_path.0.weight",
                                 "in_conv1.more.1.long_path.0.weight",
                                 "enc1.more.long_path.0.weight", "enc1.more.1.short_path.weight"}) {
    Bendable extra(DeepStudent(3));
    extra.tensors.push_back({name, TensorType::kF32, {16, 16, 3, 3}, spare});
    expect(extra, name);
  }
}

TEST(CheckpointIo, RefusesWeightsThatAreNoNumbers) {
  for (const float value :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
        -std::numeric_limits<float>::infinity()}) {
    std::vector<float> bias(16, 0.5f);
    bias[3] = value;
    Bendable file(SmallStudent());
    file["dec2.long_path.0.bias"].bytes = {reinterpret_cast<const uint8_t*>(bias.data()), 64};
    const auto failure = file.Read();
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->code, ErrorCode::kDataLoss);
    EXPECT_NE(failure->sentence.find("dec2.long_path.0.bias"), std::string::npos);

    Checkpoint student = SmallStudent();
    student.weights[17] = value;
    EXPECT_THROW(SerializeCheckpoint(student), Error);
  }
  // The same in half precision: 0x7e00 is a NaN, 0xfc00 minus infinity.
  for (const uint16_t value : {uint16_t{0x7e00}, uint16_t{0xfc00}}) {
    std::vector<uint16_t> halves(16);
    halves[15] = value;
    Bendable file(SmallStudent());
    auto& bias = file["dec2.long_path.0.bias"];
    bias.type = TensorType::kF16;
    bias.bytes = {reinterpret_cast<const uint8_t*>(halves.data()), 32};
    const auto failure = file.Read();
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->code, ErrorCode::kDataLoss);
  }
}

TEST(CheckpointIo, RefusesClassNamesThatTheListCannotCarry) {
  for (const char* name : {"", "a,b", "a\n", "rest"}) {
    Checkpoint student = SmallStudent();
    student.classes[0].name = name;
    EXPECT_THROW(SerializeCheckpoint(student), Error) << name;
  }
}

TEST(CheckpointIo, FilesAreWrittenWholeOrNotAtAll) {
  const TemporaryFolder folder;
  const fs::path file = folder / "student.safetensors";
  const Checkpoint student = SmallStudent();
  SaveCheckpoint(student, file);
  EXPECT_EQ(LoadCheckpoint(file).weights, student.weights);

  Checkpoint broken = student;
  broken.weights[0] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THROW(SaveCheckpoint(broken, file), Error);
  EXPECT_EQ(LoadCheckpoint(file).weights, student.weights);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 1);
  EXPECT_THROW(SaveCheckpoint(student, folder / "missing" / "student.safetensors"), Error);
}

TEST(CheckpointIo, ErrorsNameTheFile) {
  const TemporaryFolder folder;
  const auto load = [](const fs::path& file) {
    try {
      LoadCheckpoint(file);
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(file.filename().string()), std::string::npos);
      return error.code();
    }
    return ErrorCode::kInternal;
  };
  EXPECT_EQ(load(folder / "missing.safetensors"), ErrorCode::kNotFound);
  EXPECT_EQ(load(folder.path()), ErrorCode::kInvalidArgument);
  WriteFileAtomically(folder / "text.safetensors", "this is no student at all");
  EXPECT_EQ(load(folder / "text.safetensors"), ErrorCode::kDataLoss);
  fs::resize_file(folder / "text.safetensors", kMaxSafetensorsBytes + 1);
  EXPECT_EQ(load(folder / "text.safetensors"), ErrorCode::kResourceExhausted);
}

TEST(CheckpointIo, ReadsTheOriginalAuthorsStudent) {
  const fs::path file =
      fs::path(SHADOWTUTOR_SOURCE_DIR) / "../shared/models/student_lvs9.safetensors";
  if (!fs::exists(file)) GTEST_SKIP() << "skipped: " << file << " is not there";
  const Checkpoint student = LoadCheckpoint(file);
  EXPECT_EQ(student.layout->spec(), NetworkSpec{});
  EXPECT_EQ(student.background, 8);
  EXPECT_EQ(student.classes[0].name, "person");
  EXPECT_EQ(student.classes[8], (ClassInfo{"background", Rgb{}}));
  EXPECT_EQ(ParseCheckpoint(SerializeCheckpoint(student)).weights, student.weights);
}

}  // namespace
}  // namespace shadowtutor::nn
