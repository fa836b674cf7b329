#include "wire/coded_update.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "core/testing/code_of.h"
#include "shadowtutor/types.h"
#include "wire/update_codec.h"

namespace shadowtutor::wire {
namespace {

constexpr float kStep = 0.01f;

class CodedUpdate : public testing::Test {
 protected:
  CodedUpdate()
      : layout_(nn::NetworkSpec{.classes = 3}),
        selection_(layout_, nn::Stage::kDec2, nn::ParameterKinds::kAll),
        base_(selection_.size()) {
    for (float& weight : base_) weight = Uniform();
  }

  float Uniform() { return static_cast<float>(random_()) / 4294967296.0f - 0.5f; }
  // `base` with so large a share of its weights changed, by up to `most`.
  std::vector<float> Changed(const std::vector<float>& base, double share, float most) {
    std::vector<float> target = base;
    for (float& weight : target) {
      if (random_() < share * 4294967296.0) weight += most * 2 * Uniform();
    }
    return target;
  }
  CodedUpdates Fresh() const { return CodedUpdates(layout_, selection_); }

  std::mt19937 random_{5};
  nn::NetworkLayout layout_;
  nn::ParameterSelection selection_;
  std::vector<float> base_;
};

TEST_F(CodedUpdate, WeightsComeWithinAStep) {
  const auto target = Changed(base_, 0.3, 0.2f);
  CodedUpdates updates = Fresh();
  const auto payload = updates.Encode(base_, target, kStep);
  const auto weights = updates.Decode(base_, payload);
  ASSERT_EQ(weights.size(), target.size());
  double worst = 0, changed = 0;
  for (size_t i = 0; i < target.size(); ++i) {
    worst = std::max(worst, std::fabs(double{weights[i]} - target[i]));
    changed += weights[i] != base_[i];
  }
  EXPECT_LT(worst, 0.61 * kStep);
  EXPECT_GT(changed, 0.2 * static_cast<double>(target.size()));
  EXPECT_LT(payload.size(), updates.MaxBytes() / 4);
}

TEST_F(CodedUpdate, SmallChangesWaitForTheNextUpdate) {
  auto target = base_;
  for (float& weight : target) weight += 0.4f * kStep;
  CodedUpdates updates = Fresh();
  auto held = updates.Decode(base_, updates.Encode(base_, target, kStep));
  const size_t i = layout_.Find("out_conv3.weight").offset - selection_.ranges()[0].begin;
  EXPECT_EQ(held[i], base_[i]);
  EXPECT_NE(held.back(), base_.back()) << "biases have a finer step";
  for (float& weight : target) weight += 0.4f * kStep;
  held = updates.Decode(held, updates.Encode(held, target, kStep));
  EXPECT_NEAR(held[i], target[i], 0.61 * kStep);
  EXPECT_NE(held[i], base_[i]);
}

TEST_F(CodedUpdate, BothSidesRemember) {
  CodedUpdates server = Fresh(), client = Fresh();
  auto held = base_;
  // The same tenth of the weights again and again.
  const auto once = Changed(base_, 0.1, 1);
  size_t first = 0, last = 0;
  for (int i = 0; i < 5; ++i) {
    auto target = held;
    for (size_t k = 0; k < held.size(); ++k) {
      if (once[k] != base_[k]) target[k] += Uniform();
    }
    const auto payload = server.Encode(held, target, kStep);
    const auto ours = server.Decode(held, payload);
    EXPECT_EQ(WeightChecksum(client.Decode(held, payload)), WeightChecksum(ours));
    held = ours;
    (i == 0 ? first : last) = payload.size();
  }
  EXPECT_LT(static_cast<double>(last), 0.95 * static_cast<double>(first));
}

TEST_F(CodedUpdate, WhoEncodesHasTheSameWithoutDecoding) {
  CodedUpdates server = Fresh(), client = Fresh();
  auto held = base_;
  // The fourth is so large that the weights themselves travel, the others look back at it.
  for (const float most : {0.5f, 0.2f, 0.5f, 1e4f, 0.5f, 0.2f}) {
    const auto target = Changed(held, 0.1, most);
    const auto plain = server.Encode(held, target, kStep);
    const CodedUpdates::Update update = server.EncodeAndRemember(held, target, kStep);
    EXPECT_EQ(update.payload, plain);
    EXPECT_EQ(update.weights, client.Decode(held, update.payload));
    held = update.weights;
  }
}

TEST_F(CodedUpdate, AnUpdateThatCannotBeIsNotRemembered) {
  const auto target = Changed(base_, 0.1, 0.5f);
  CodedUpdates updates = Fresh();
  auto damaged = target;
  damaged.back() = std::numeric_limits<float>::infinity();
  EXPECT_EQ(CodeOf([&] { updates.EncodeAndRemember(base_, damaged, kStep); }),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(updates.Encode(base_, target, kStep), Fresh().Encode(base_, target, kStep));
}

// The format is part of the protocol, and every processor must come to the same weights.
TEST_F(CodedUpdate, BytesAndWeightsAreFixed) {
  CodedUpdates updates = Fresh();
  const auto payload = updates.Encode(base_, Changed(base_, 0.02, 0.5f), kStep);
  const auto weights = updates.Decode(base_, payload);
  EXPECT_EQ(payload.size(), 4048u);
  uint32_t sum = 0;
  for (const uint8_t byte : payload) sum = sum * 31 + byte;
  EXPECT_EQ(sum, 586495158u);
  EXPECT_EQ(WeightChecksum(weights), 13623665650550128161u);
}

TEST_F(CodedUpdate, NothingChangedIsNextToNothing) {
  const auto payload = Fresh().Encode(base_, base_, kStep);
  EXPECT_LT(payload.size(), 16u);
  EXPECT_EQ(Fresh().Decode(base_, payload), base_);
}

TEST_F(CodedUpdate, IsNeverLongerThanItsBound) {
  std::vector<float> target = base_;
  for (float& weight : target) weight = Uniform() * 1e30f;
  CodedUpdates updates = Fresh();
  auto payload = updates.Encode(base_, target, 1e-9f);
  EXPECT_EQ(payload.size(), updates.MaxBytes());
  EXPECT_EQ(updates.Decode(base_, payload), target);  // nothing is lost then
  for (size_t i = 0; i < target.size(); ++i) target[i] = base_[i] + Uniform() * 1e-4f;
  payload = updates.Encode(base_, target, 1e-9f);
  EXPECT_LE(payload.size(), updates.MaxBytes());
  updates.Decode(base_, payload);
}

TEST_F(CodedUpdate, RefusesWhatDoesNotFit) {
  CodedUpdates updates = Fresh();
  const std::vector<float> shorter(base_.begin(), base_.end() - 1);
  EXPECT_EQ(CodeOf([&] { updates.Encode(shorter, shorter, kStep); }), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf([&] { updates.Encode(base_, shorter, kStep); }), ErrorCode::kInvalidArgument);
  for (const float step : {0.0f, -1.0f, 1e4f, std::numeric_limits<float>::quiet_NaN()}) {
    EXPECT_EQ(CodeOf([&] { updates.Encode(base_, base_, step); }), ErrorCode::kInvalidArgument);
  }
  auto infinite = base_;
  infinite[3] = std::numeric_limits<float>::infinity();
  EXPECT_EQ(CodeOf([&] { updates.Encode(base_, infinite, kStep); }), ErrorCode::kInvalidArgument);
  const auto payload = updates.Encode(base_, base_, kStep);
  EXPECT_EQ(CodeOf([&] { updates.Decode(shorter, payload); }), ErrorCode::kInvalidArgument);
}

TEST_F(CodedUpdate, DamagedBytesAreRefusedOrDecodeToFiniteWeights) {
  CodedUpdates updates = Fresh();
  const auto payload = updates.Encode(base_, Changed(base_, 0.1, 0.2f), kStep);
  EXPECT_EQ(CodeOf([&] { updates.Decode(base_, {}); }), ErrorCode::kDataLoss);
  for (const size_t size :
       {size_t{1}, size_t{4}, size_t{5}, payload.size() / 2, payload.size() - 1}) {
    const std::span<const uint8_t> cut(payload.data(), size);
    EXPECT_EQ(CodeOf([&] { updates.Decode(base_, cut); }), ErrorCode::kDataLoss) << size;
  }
  auto longer = payload;
  longer.push_back(1);
  longer.resize(longer.size() + 8, 7);
  EXPECT_EQ(CodeOf([&] { updates.Decode(base_, longer); }), ErrorCode::kDataLoss);
  auto unknown = payload;
  unknown[0] = 9;
  EXPECT_EQ(CodeOf([&] { updates.Decode(base_, unknown); }), ErrorCode::kDataLoss);
  for (int i = 0; i < 40; ++i) {
    auto damaged = payload;
    damaged[random_() % damaged.size()] ^= static_cast<uint8_t>(1 + random_() % 255);
    try {
      for (const float weight : Fresh().Decode(base_, damaged)) {
        ASSERT_TRUE(std::isfinite(weight));
      }
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kDataLoss);
    }
  }
  // What was refused is not remembered.
  EXPECT_EQ(WeightChecksum(updates.Decode(base_, payload)),
            WeightChecksum(Fresh().Decode(base_, payload)));
}

}  // namespace
}  // namespace shadowtutor::wire
