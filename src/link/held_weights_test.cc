#include "link/held_weights.h"

#include <gtest/gtest.h>

namespace shadowtutor::link {
namespace {

std::shared_ptr<const nn::Checkpoint> Student() {
  nn::NetworkSpec spec{2, 4, 4, 16, 16, 16, 16, 16, 16, 16};
  return std::make_shared<const nn::Checkpoint>(
      nn::FreshStudent(spec, {{"background", {}}, {"person", {}}}, 0, 5));
}

TEST(HeldWeights, NothingHeldIsNothingToHandOver) {
  HeldWeights held;
  held.Grow(std::vector<float>(10), 1);
  EXPECT_TRUE(held.empty());
  EXPECT_FALSE(held.ForHello());
}

TEST(HeldWeights, AStudentThatNoServerHasSeenGoesWhole) {
  const auto student = Student();
  HeldWeights held(student, 3, false);
  const auto hello = held.ForHello();
  ASSERT_TRUE(hello);
  EXPECT_EQ(hello->version, 3u);
  EXPECT_EQ(hello->class_names, (std::vector<std::string>{"background", "person"}));
  EXPECT_EQ(hello->parameter_count, student->layout->size());
  EXPECT_EQ(hello->cut, nn::kFullDistillation);
  EXPECT_EQ(hello->trained, student->weights);
  EXPECT_EQ(hello->trained_checksum, wire::WeightChecksum(student->weights));
  EXPECT_EQ(hello->frozen_checksum, wire::WeightChecksum({}));
}

TEST(HeldWeights, OnlyAnUntrainedStudentThatNoServerHasSeenHasAName) {
  EXPECT_FALSE(HeldWeights().Named());
  const auto student = Student();
  EXPECT_FALSE(HeldWeights(student, 3, false).Named()) << "trained by a server before";
  HeldWeights held(student, 0, false);
  ASSERT_TRUE(held.Named());
  EXPECT_EQ(held.Named()->checksum, wire::WeightChecksum(student->weights));
  EXPECT_EQ(held.Named()->class_names, (std::vector<std::string>{"background", "person"}));

  std::vector<float> trained(
      student->weights.end() -
          static_cast<std::ptrdiff_t>(student->layout->TrainedSize(nn::kPartialDistillation)),
      student->weights.end());
  held.Grow(trained, 0);
  EXPECT_TRUE(held.Named()) << "the same weights";
  HeldWeights agreed = held;
  agreed.AgreedUpon(0);
  EXPECT_FALSE(agreed.Named());
  trained.front() += 1;
  held.Grow(trained, 0);
  EXPECT_FALSE(held.Named());
}

TEST(HeldWeights, WhatAServerHasSeenIsHandedOverFromTheCutOn) {
  const auto student = Student();
  const size_t offset = student->layout->TrainedOffset(nn::kPartialDistillation);
  const std::vector<float> trained(student->layout->size() - offset, 0.25f);
  HeldWeights held(student, 0, false);
  held.Grow(trained, 7);
  EXPECT_EQ(held.ForHello()->trained.size(), student->layout->size()) << "not agreed upon yet";
  EXPECT_EQ(held.ForHello()->trained.back(), 0.25f);

  held.AgreedUpon(8);
  const auto hello = held.ForHello();
  EXPECT_EQ(hello->version, 8u);
  EXPECT_EQ(hello->cut, nn::kPartialDistillation);
  EXPECT_EQ(hello->trained, trained);
  EXPECT_EQ(hello->frozen_checksum,
            wire::WeightChecksum(std::span(student->weights).first(offset)));
}

TEST(HeldWeights, WeightsThatDoNotFitAreIgnored) {
  const auto student = Student();
  HeldWeights held(student, 1, true);
  held.Grow(std::vector<float>(3), 9);
  held.Grow(std::vector<float>(student->layout->size() + 1), 9);
  EXPECT_EQ(held.version(), 1u);
  EXPECT_EQ(held.ForHello()->trained, student->weights);
}

}  // namespace
}  // namespace shadowtutor::link
