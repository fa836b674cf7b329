#include "teacher/oip/tensors.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "core/half.h"
#include "core/testing/code_of.h"
#include "teacher/oip/limits.h"
#include "video/testing/test_files.h"

namespace shadowtutor::teacher::oip {
namespace {

using shadowtutor::testing::ErrorOf;
using shadowtutor::testing::Says;
using Response = inference::ModelInferResponse;

template <typename T>
std::string Bytes(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

Response::InferOutputTensor& AddOutput(Response& answer, const std::string& name,
                                       const std::string& datatype,
                                       const std::vector<int64_t>& shape) {
  auto& output = *answer.add_outputs();
  output.set_name(name);
  output.set_datatype(datatype);
  output.mutable_shape()->Add(shape.begin(), shape.end());
  return output;
}

Response Raw(const std::string& datatype, const std::vector<int64_t>& shape,
             const std::string& bytes) {
  Response answer;
  AddOutput(answer, "out", datatype, shape);
  answer.add_raw_output_contents(bytes);
  return answer;
}

std::vector<float> Read(Response answer) {
  Outputs outputs;
  const std::vector<NamedTensor> tensors = outputs.Take(std::move(answer));
  EXPECT_EQ(tensors.size(), 1u);
  const TensorView& tensor = tensors.front().tensor;
  return {tensor.values, tensor.values + tensor.count()};
}

TEST(OipTensorsTest, RawContentsOfEveryType) {
  const std::vector<float> wanted = {0, 1, 1, 7};
  EXPECT_EQ(Read(Raw("FP32", {1, 4}, Bytes<float>({0, 1, 1, 7}))), wanted);
  EXPECT_EQ(Read(Raw("FP64", {1, 4}, Bytes<double>({0, 1, 1, 7}))), wanted);
  EXPECT_EQ(Read(Raw("FP16", {4}, Bytes<uint16_t>({0, 0x3c00, 0x3c00, 0x4700}))), wanted);
  EXPECT_EQ(Read(Raw("INT64", {2, 2}, Bytes<int64_t>({0, 1, 1, 7}))), wanted);
  EXPECT_EQ(Read(Raw("INT32", {4}, Bytes<int32_t>({0, 1, 1, 7}))), wanted);
  EXPECT_EQ(Read(Raw("INT16", {4}, Bytes<int16_t>({0, 1, 1, 7}))), wanted);
  EXPECT_EQ(Read(Raw("INT8", {4}, Bytes<int8_t>({0, 1, 1, 7}))), wanted);
  EXPECT_EQ(Read(Raw("UINT16", {4}, Bytes<uint16_t>({0, 1, 1, 7}))), wanted);
  EXPECT_EQ(Read(Raw("UINT8", {4}, Bytes<uint8_t>({0, 1, 1, 7}))), wanted);
  EXPECT_EQ(Read(Raw("BOOL", {4}, Bytes<uint8_t>({0, 1, 1, 2}))), (std::vector<float>{0, 1, 1, 1}));
  EXPECT_EQ(Read(Raw("INT8", {2}, Bytes<int8_t>({-3, 4}))), (std::vector<float>{-3, 4}));
}

TEST(OipTensorsTest, TypedContents) {
  Response answer;
  AddOutput(answer, "f", "FP32", {2}).mutable_contents()->add_fp32_contents(0.5f);
  answer.mutable_outputs(0)->mutable_contents()->add_fp32_contents(-2);
  AddOutput(answer, "d", "FP64", {1}).mutable_contents()->add_fp64_contents(0.25);
  AddOutput(answer, "i", "INT32", {1}).mutable_contents()->add_int_contents(-5);
  AddOutput(answer, "l", "INT64", {1}).mutable_contents()->add_int64_contents(6);
  AddOutput(answer, "u", "UINT8", {1}).mutable_contents()->add_uint_contents(200);
  AddOutput(answer, "b", "BOOL", {1}).mutable_contents()->add_bool_contents(true);
  AddOutput(answer, "none", "FP32", {0, 4});
  Outputs outputs;
  const std::vector<NamedTensor> tensors = outputs.Take(answer);
  ASSERT_EQ(tensors.size(), 7u);
  const float wanted[] = {0.5f, 0.25f, -5, 6, 200, 1};
  for (size_t i = 0; i < 6; ++i) EXPECT_EQ(tensors[i].tensor.values[0], wanted[i]) << i;
  EXPECT_EQ(tensors[0].tensor.values[1], -2);
  EXPECT_EQ(tensors[6].tensor.count(), 0u);
  EXPECT_EQ(tensors[6].tensor.shape, (std::vector<int>{0, 4}));
}

TEST(OipTensorsTest, TextIsLeftOutAndNamelessOutputsAreCounted) {
  Response answer;
  AddOutput(answer, "words", "BYTES", {1});
  AddOutput(answer, "", "FP32", {1});
  answer.add_raw_output_contents("abc");
  answer.add_raw_output_contents(Bytes<float>({3}));
  Outputs outputs;
  const std::vector<NamedTensor> tensors = outputs.Take(answer);
  ASSERT_EQ(tensors.size(), 1u);
  EXPECT_EQ(tensors[0].name, "1");
  EXPECT_EQ(tensors[0].tensor.values[0], 3);
}

TEST(OipTensorsTest, WhatDoesNotFitIsRefused) {
  const auto refusal = [](Response answer) {
    Outputs outputs;
    const Error error = ErrorOf([&] { outputs.Take(std::move(answer)); });
    EXPECT_EQ(error.code(), ErrorCode::kDataLoss) << error.what();
    return std::string(error.what());
  };
  const auto says = [&](const Response& answer, const std::string& part) {
    const std::string sentence = refusal(answer);
    EXPECT_NE(sentence.find(part), std::string::npos) << sentence;
  };
  says(Raw("FP32", {1, 4}, std::string(15, 'x')), "has 15 bytes instead of 16");
  says(Raw("FP32", {1, 4}, ""), "has 0 bytes instead of 16");
  says(Raw("FP32", {-1, 4}, ""), "a side of -1");
  says(Raw("FP32", {int64_t{1} << 40}, ""), "a side of 1099511627776");
  says(Raw("FP32", {1 << 20, 1 << 20, 1 << 20, 1 << 20}, ""), "more than");
  says(Raw("FP32", std::vector<int64_t>(kMaxDimensions + 1, 1), ""), "9 dimensions");
  says(Raw("BYTES", {1}, "x"), "no output of a type that is read");
  says(Response(), "no output of a type that is read");

  Response two = Raw("FP32", {1}, Bytes<float>({1}));
  two.add_raw_output_contents("");
  says(two, "1 outputs and the values of 2");

  Response many;
  for (int i = 0; i <= kMaxOutputs; ++i) AddOutput(many, "x", "FP32", {0});
  says(many, "65 outputs");

  Response typed;
  auto& output = AddOutput(typed, "big", "FP32", {1 << 26});
  output.mutable_contents()->add_fp32_contents(1);
  says(typed, "fewer than its shape says");
  *typed.mutable_outputs(0)->mutable_shape() = {};
  typed.mutable_outputs(0)->add_shape(2);
  says(typed, "another number of values than the 2");
  typed.mutable_outputs(0)->set_datatype("FP16");
  says(typed, "not in raw_output_contents");
}

struct Input {
  inference::ModelInferRequest::InferInputTensor tensor;
  std::string raw;  // empty: not in raw_input_contents
};

Input Sent(const std::vector<float>& values, const std::string& datatype, bool typed) {
  Input input;
  inference::ModelInferRequest request;
  AddValues(values, datatype, typed, input.tensor, request);
  EXPECT_EQ(input.tensor.datatype(), datatype);
  if (request.raw_input_contents_size() > 0) input.raw = request.raw_input_contents(0);
  return input;
}

TEST(OipTensorsTest, InputsOfEveryType) {
  const std::vector<float> values = {0, 1, 254.6f, 300, -4};
  EXPECT_EQ(Sent(values, "FP32", false).raw, Bytes(values));
  EXPECT_EQ(Sent(values, "UINT8", false).raw, Bytes<uint8_t>({0, 1, 255, 255, 0}));
  const std::string halves = Sent(values, "FP16", false).raw;
  ASSERT_EQ(halves.size(), 10u);
  for (size_t i = 0; i < values.size(); ++i) {
    uint16_t half;
    std::memcpy(&half, halves.data() + 2 * i, sizeof half);
    EXPECT_EQ(half, HalfFromFloat(values[i]));
  }
  EXPECT_TRUE(IsInputType("UINT8") && !IsInputType("INT8") && !IsOutputType("BYTES"));
}

TEST(OipTensorsTest, InputsInTypedContents) {
  const std::vector<float> values = {0, 1, 254.6f, 300, -4};
  const Input floats = Sent(values, "FP32", true);
  EXPECT_EQ(floats.raw, "");
  const auto& sent = floats.tensor.contents().fp32_contents();
  EXPECT_EQ(std::vector<float>(sent.begin(), sent.end()), values);
  const Input pixels = Sent(values, "UINT8", true);
  const auto& bytes = pixels.tensor.contents().uint_contents();
  EXPECT_EQ(std::vector<int>(bytes.begin(), bytes.end()), (std::vector<int>{0, 1, 255, 255, 0}));
  EXPECT_TRUE(Says(ErrorOf([&] { Sent(values, "FP16", true); }), "FP16 cannot travel"));
}

}  // namespace
}  // namespace shadowtutor::teacher::oip
