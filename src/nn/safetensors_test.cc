#include "nn/safetensors.h"

#include <gtest/gtest.h>

#include <cstring>
#include <optional>

#include "nn/testing/tensor_values.h"
#include "shadowtutor/types.h"

namespace shadowtutor::nn {
namespace {

using Bytes = std::vector<uint8_t>;

// A file of this header and `data` bytes of zeros; the header's length as it is unless given.
Bytes FileOf(const std::string& header, size_t data, std::optional<uint64_t> length = {}) {
  const uint64_t n = length.value_or(header.size());
  Bytes bytes(8 + header.size() + data);
  std::memcpy(bytes.data(), &n, 8);
  std::memcpy(bytes.data() + 8, header.data(), header.size());
  return bytes;
}

// The error that reading gives, or nothing.
std::optional<ErrorCode> Reading(const Bytes& bytes) {
  try {
    ParseSafetensors(bytes);
  } catch (const Error& error) {
    EXPECT_GT(std::strlen(error.what()), 20u);
    return error.code();
  }
  return std::nullopt;
}

std::string TensorJson(const std::string& name, const std::string& type, const std::string& shape,
                       const std::string& offsets) {
  return "\"" + name + R"(":{"dtype":")" + type + R"(","shape":)" + shape + R"(,"data_offsets":)" +
         offsets + "}";
}

std::string Object(const std::string& body) {
  std::string text = "{";
  text += body;
  text += "}";
  return text;
}

TEST(Safetensors, ComesBackAsItWasWritten) {
  const std::vector<float> values = {1.5f, -2, 3};
  const Bytes bytes = {7, 8};
  const auto* raw = reinterpret_cast<const uint8_t*>(values.data());
  const std::vector<TensorView> tensors = {{"z", TensorType::kF32, {3, 1}, {raw, 12}},
                                           {"a", TensorType::kU8, {2}, bytes},
                                           {"empty", TensorType::kF64, {0, 5}, {}}};
  const std::map<std::string, std::string> metadata = {{"classes", "a,\"b\",\xc3\xa9"}};
  const Bytes file = SerializeSafetensors(tensors, metadata);
  const Safetensors read = ParseSafetensors(file);
  EXPECT_EQ(read.metadata, metadata);
  ASSERT_EQ(read.tensors.size(), 3u);
  ASSERT_NE(read.Find("z"), nullptr);
  EXPECT_EQ(read.Find("z")->shape, (std::vector<size_t>{3, 1}));
  EXPECT_EQ(Doubles(*read.Find("z")), (std::vector<double>{1.5, -2, 3}));
  EXPECT_EQ(Doubles(*read.Find("a")), (std::vector<double>{7, 8}));
  EXPECT_EQ(read.Find("empty")->count(), 0u);
  EXPECT_EQ(read.Find("b"), nullptr);
}

TEST(Safetensors, ReadsAHeaderOfAnotherWriter) {
  const std::string header = R"( {"__metadata__":{"format":"pt"},)" +
                             TensorJson("b", "I64", "[]", "[4,12]") + "," +
                             TensorJson("a", "F16", "[2]", "[0,4]") + "}   ";
  const Bytes file = FileOf(header, 12);
  const Safetensors read = ParseSafetensors(file);
  EXPECT_EQ(read.Find("b")->count(), 1u);
  EXPECT_EQ(read.Find("a")->count(), 2u);
}

TEST(Safetensors, EveryTruncationIsRefused) {
  const Bytes data(40, 1);
  const Bytes file = SerializeSafetensors(
      std::vector<TensorView>{{"a", TensorType::kF32, {10}, data}}, {{"classes", "a,b"}});
  for (size_t length = 0; length < file.size(); ++length) {
    EXPECT_EQ(Reading(Bytes(file.begin(), file.begin() + static_cast<ptrdiff_t>(length))),
              ErrorCode::kDataLoss)
        << length;
  }
  EXPECT_EQ(Reading(file), std::nullopt);
}

// Nothing that one wrong byte does may crash or read outside; the sanitizers watch.
TEST(Safetensors, EveryFlippedByteIsReadOrRefused) {
  const Bytes data(8, 1);
  const Bytes file = SerializeSafetensors(
      std::vector<TensorView>{{"a", TensorType::kF32, {2}, data}}, {{"classes", "a,b"}});
  int refused = 0;
  for (size_t i = 0; i < file.size(); ++i) {
    for (const int flip : {1, 2, 8, 0x20, 0x80, 0xff}) {
      Bytes changed = file;
      changed[i] = static_cast<uint8_t>(changed[i] ^ flip);
      const auto code = Reading(changed);
      if (code) {
        EXPECT_TRUE(code == ErrorCode::kDataLoss || code == ErrorCode::kResourceExhausted);
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 100);
}

TEST(Safetensors, HeaderLengthLiesAreRefused) {
  const std::string header = Object(TensorJson("a", "U8", "[4]", "[0,4]"));
  EXPECT_EQ(Reading(FileOf(header, 4)), std::nullopt);
  for (const uint64_t length :
       {uint64_t{0}, uint64_t{1}, uint64_t{header.size() - 1}, uint64_t{header.size() + 1},
        uint64_t{header.size() + 5}, uint64_t{1} << 32, uint64_t{1} << 63, ~uint64_t{0},
        ~uint64_t{0} - 7}) {
    EXPECT_EQ(Reading(FileOf(header, 4, length)), ErrorCode::kDataLoss) << length;
  }
}

TEST(Safetensors, OffsetsMustTileTheData) {
  const auto two = [](const std::string& first, const std::string& second) {
    return FileOf(
        Object(TensorJson("a", "U8", "[4]", first) + "," + TensorJson("b", "U8", "[4]", second)),
        8);
  };
  EXPECT_EQ(Reading(two("[0,4]", "[4,8]")), std::nullopt);
  EXPECT_EQ(Reading(two("[4,8]", "[0,4]")), std::nullopt);
  for (const auto& [first, second] : std::vector<std::pair<const char*, const char*>>{
           {"[0,4]", "[0,4]"},
           {"[0,4]", "[3,7]"},
           {"[0,4]", "[5,9]"},
           {"[0,4]", "[8,4]"},
           {"[0,4]", "[4,9]"},
           {"[0,4]", "[18446744073709551612,18446744073709551615]"},
           {"[0,4]", "[18446744073709551615,3]"},
           {"[0,4]", "[4]"},
           {"[0,4]", "[]"},
           {"[0,4]", "[4,8,12]"},
           {"[0,4]", "[-4,0]"},
           {"[0,4]", "[4.0,8.0]"},
           {"[0,4]", "[4,8e0]"},
           {"[0,4]", "[4,99999999999999999999999]"},
           {"[0,4]", "\"4,8\""},
           {"[0,4]", "{}"}}) {
    EXPECT_EQ(Reading(two(first, second)), ErrorCode::kDataLoss) << second;
  }
}

TEST(Safetensors, AbsurdShapesAreRefused) {
  for (const char* shape :
       {"[5]", "[3]", "[4294967296,4294967296]", "[9223372036854775808,2]",
        "[4611686018427387904,4]", "[18446744073709551615]", "[18446744073709551616]", "[-4]",
        "[1,1,1,1,1,1,1,1,4]", "[[4]]", "[\"4\"]", "[null]", "[true]", "4", "null"}) {
    EXPECT_EQ(Reading(FileOf(Object(TensorJson("a", "U8", shape, "[0,4]")), 4)),
              ErrorCode::kDataLoss)
        << shape;
  }
  // Overflows to nothing in 64 bits, and claims to be nothing.
  EXPECT_EQ(Reading(FileOf(Object(TensorJson("a", "F32", "[4294967296,4294967296]", "[0,0]")), 0)),
            ErrorCode::kDataLoss);
}

TEST(Safetensors, FieldsMustBeTheFormats) {
  const auto one = [](const std::string& body) { return FileOf(Object("\"a\":" + body), 4); };
  EXPECT_EQ(Reading(one(R"({"dtype":"U8","shape":[4],"data_offsets":[0,4]})")), std::nullopt);
  for (const char* body :
       {R"({"dtype":"F12","shape":[4],"data_offsets":[0,4]})",
        R"({"dtype":8,"shape":[4],"data_offsets":[0,4]})",
        R"({"dtype":["U8"],"shape":[4],"data_offsets":[0,4]})",
        R"({"shape":[4],"data_offsets":[0,4]})", R"({"dtype":"U8","data_offsets":[0,4]})",
        R"({"dtype":"U8","shape":[4]})",
        R"({"dtype":"U8","dtype":"U8","shape":[4],"data_offsets":[0,4]})",
        R"({"dtype":"U8","shape":[4],"shape":[4],"data_offsets":[0,4]})",
        R"({"dtype":"U8","shape":[4],"data_offsets":[0,4],"extra":1})", "[]", "1", "\"x\"", "null",
        "{}"}) {
    EXPECT_EQ(Reading(one(body)), ErrorCode::kDataLoss) << body;
  }
  EXPECT_EQ(Reading(FileOf("[]", 0)), ErrorCode::kDataLoss);
  EXPECT_EQ(Reading(FileOf("7", 0)), ErrorCode::kDataLoss);
  EXPECT_EQ(Reading(FileOf("\"x\"", 0)), ErrorCode::kDataLoss);
  EXPECT_EQ(Reading(FileOf("{}{}", 0)), ErrorCode::kDataLoss);
  EXPECT_EQ(Reading(FileOf("{\"\xff\":1}", 0)), ErrorCode::kDataLoss);
  EXPECT_EQ(Reading(FileOf(R"({"__metadata__":{"a":1}})", 0)), ErrorCode::kDataLoss);
  EXPECT_EQ(Reading(FileOf(R"({"__metadata__":{"a":["b"]}})", 0)), ErrorCode::kDataLoss);
}

TEST(Safetensors, NamesGivenTwiceAreRefused) {
  EXPECT_EQ(Reading(FileOf(Object(TensorJson("a", "U8", "[4]", "[0,4]") + "," +
                                  TensorJson("a", "U8", "[4]", "[4,8]")),
                           8)),
            ErrorCode::kDataLoss);
  EXPECT_EQ(Reading(FileOf(R"({"__metadata__":{"a":"1","a":"2"}})", 0)), ErrorCode::kDataLoss);
  EXPECT_EQ(Reading(FileOf(R"({"__metadata__":{},"__metadata__":{}})", 0)), ErrorCode::kDataLoss);
}

TEST(Safetensors, DeepNestingIsRefused) {
  for (const char* open : {"[", "{\"a\":"}) {
    std::string header = "{\"a\":";
    while (header.size() < 900'000) header += open;
    EXPECT_EQ(Reading(FileOf(header, 0)), ErrorCode::kDataLoss);
    EXPECT_EQ(Reading(FileOf(Object("\"__metadata__\":" + header), 0)), ErrorCode::kDataLoss);
  }
}

TEST(Safetensors, BoundsHold) {
  EXPECT_EQ(Reading(FileOf("{}" + std::string(kMaxSafetensorsHeader, ' '), 0)),
            ErrorCode::kResourceExhausted);
  EXPECT_EQ(Reading(Bytes(kMaxSafetensorsBytes + 1)), ErrorCode::kResourceExhausted);
  std::string many;
  for (size_t i = 0; i <= kMaxSafetensorsTensors; ++i) {
    many.append(i ? "," : "").append(TensorJson(std::to_string(i), "U8", "[0]", "[0,0]"));
  }
  EXPECT_EQ(Reading(FileOf(Object(many), 0)), ErrorCode::kDataLoss);
}

TEST(Safetensors, WritingRefusesWhatReadingWould) {
  const Bytes data(4);
  const TensorView good{"a", TensorType::kU8, {4}, data};
  TensorView bad = good;
  bad.shape = {5};
  EXPECT_THROW(SerializeSafetensors(std::vector{bad}, {}), Error);
  EXPECT_THROW(SerializeSafetensors(std::vector{good, good}, {}), Error);
  bad = good;
  bad.name = "__metadata__";
  EXPECT_THROW(SerializeSafetensors(std::vector{bad}, {}), Error);
  EXPECT_THROW(SerializeSafetensors(std::vector{good}, {{"k", "\xff"}}), Error);
}

}  // namespace
}  // namespace shadowtutor::nn
