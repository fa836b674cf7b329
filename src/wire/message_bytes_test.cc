#include "wire/message_bytes.h"

#include <gtest/gtest.h>

#include <random>

#include "core/testing/code_of.h"
#include "distill/policy_parts.h"

namespace shadowtutor::wire {
namespace {

Update AnUpdate() {
  Update update;
  update.frame_index = 1'000'000'007;
  update.part = 3;
  update.metric = 0.875;
  update.initial_metric = 1.0 / 3;
  update.steps = 12;
  update.base_version = 41;
  update.new_version = 42;
  update.codec = UpdateCodec::kCoded;
  update.payload = {0, 255, 7};
  update.checksum = 0xfedcba9876543210;
  update.shown_classes = {0, 3, 8};
  update.teacher_ms = 31.5;
  update.train_ms = 100.25;
  return update;
}

Welcome AWelcome(const char* policy) {
  Welcome welcome;
  welcome.server_version = "1.2.3";
  welcome.student = WholeStudent{5, {1, 2, 3}, 77, {4, 5}, 2};
  welcome.student_version = 5;
  welcome.student_checksum = 77;
  welcome.policy = distill::FindPolicy(policy);
  welcome.update_codec = UpdateCodec::kFp16;
  return welcome;
}

TEST(MessageBytes, UpdatesComeBackAsTheyWere) {
  const Update sent = AnUpdate();
  const Update got = std::get<Update>(ServerMessageFrom(ToBytes(sent)));
  EXPECT_EQ(got.frame_index, sent.frame_index);
  EXPECT_EQ(got.part, sent.part);
  EXPECT_EQ(got.metric, sent.metric);
  EXPECT_EQ(got.initial_metric, sent.initial_metric);
  EXPECT_EQ(got.steps, sent.steps);
  EXPECT_EQ(got.base_version, sent.base_version);
  EXPECT_EQ(got.new_version, sent.new_version);
  EXPECT_EQ(got.codec, sent.codec);
  EXPECT_EQ(got.payload, sent.payload);
  EXPECT_EQ(got.checksum, sent.checksum);
  EXPECT_EQ(got.shown_classes, sent.shown_classes);
  EXPECT_EQ(got.teacher_ms, sent.teacher_ms);
  EXPECT_EQ(got.train_ms, sent.train_ms);
}

TEST(MessageBytes, WelcomesHoldThePolicyToTheLastBit) {
  for (const std::string& name : distill::PolicyNames()) {
    const Welcome sent = AWelcome(name.c_str());
    const Welcome got = std::get<Welcome>(ServerMessageFrom(ToBytes(sent)));
    EXPECT_EQ(got.policy.name, name);
    EXPECT_EQ(distill::PolicyText(got.policy), distill::PolicyText(sent.policy));
    EXPECT_EQ(got.policy.schedule.stride.threshold, sent.policy.schedule.stride.threshold);
    ASSERT_TRUE(got.student);
    EXPECT_EQ(got.student->safetensors, sent.student->safetensors);
    EXPECT_EQ(got.student->coded, sent.student->coded);
    EXPECT_EQ(got.student->weights, sent.student->weights);
    EXPECT_EQ(got.student_version, sent.student_version);
    EXPECT_EQ(got.student_checksum, sent.student_checksum);
    EXPECT_EQ(got.update_codec, sent.update_codec);
  }
}

TEST(MessageBytes, ErrorsMayNameAKeyFrame) {
  ErrorMessage sent{ErrorCode::kUnavailable, "the teacher is away", false, 9};
  ErrorMessage got = std::get<ErrorMessage>(ServerMessageFrom(ToBytes(sent)));
  EXPECT_EQ(got.code, sent.code);
  EXPECT_EQ(got.sentence, sent.sentence);
  EXPECT_EQ(got.frame_index, sent.frame_index);
  sent.frame_index.reset();
  got = std::get<ErrorMessage>(ServerMessageFrom(ToBytes(sent)));
  EXPECT_FALSE(got.frame_index);
}

TEST(MessageBytes, EveryPartOfAMessageIsRefused) {
  for (const ServerMessage& message :
       {ServerMessage(AnUpdate()), ServerMessage(AWelcome("best")),
        ServerMessage(ErrorMessage{ErrorCode::kInternal, "x", true, {}})}) {
    std::vector<uint8_t> bytes = ToBytes(message);
    for (size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_EQ(CodeOf([&] { ServerMessageFrom(std::span(bytes).first(size)); }),
                ErrorCode::kDataLoss);
    }
    bytes.push_back(0);
    EXPECT_EQ(CodeOf([&] { ServerMessageFrom(bytes); }), ErrorCode::kDataLoss);
  }
}

TEST(MessageBytes, ValuesOutOfRangeAreRefused) {
  Update update = AnUpdate();
  update.metric = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(CodeOf([&] { ServerMessageFrom(ToBytes(update)); }), ErrorCode::kDataLoss);
  update = AnUpdate();
  update.shown_classes = {3, 3};
  EXPECT_EQ(CodeOf([&] { ServerMessageFrom(ToBytes(update)); }), ErrorCode::kDataLoss);
  Welcome welcome = AWelcome("best");
  welcome.policy.schedule.stride.min_stride = 0;
  EXPECT_EQ(CodeOf([&] { ServerMessageFrom(ToBytes(welcome)); }), ErrorCode::kDataLoss);
}

TEST(MessageBytes, ChangedBytesGiveAMessageOrAnError) {
  std::mt19937 random(1);
  const std::vector<uint8_t> welcome = ToBytes(AWelcome("best")), update = ToBytes(AnUpdate());
  for (int n = 0; n < 20'000; ++n) {
    std::vector<uint8_t> bytes = n % 2 ? welcome : update;
    for (int change = 0; change < 3; ++change) {
      bytes[random() % bytes.size()] = static_cast<uint8_t>(random());
    }
    try {
      ServerMessageFrom(bytes);
    } catch (const Error& error) {
      EXPECT_TRUE(error.code() == ErrorCode::kDataLoss ||
                  error.code() == ErrorCode::kFailedPrecondition);
    }
  }
}

}  // namespace
}  // namespace shadowtutor::wire
