#include "distill/policy.h"

#include <gtest/gtest.h>

#include <set>

#include "distill/policy_parts.h"

namespace shadowtutor::distill {
namespace {

TEST(Policy, PaperIsTheDefaultOfEveryPart) {
  EXPECT_EQ(PolicyNames().front(), "paper");
  EXPECT_EQ(PolicyText(FindPolicy("paper")), PolicyText(Policy{}));
  const Policy paper = FindPolicy("paper");
  EXPECT_EQ(paper.trainer.threshold, 0.8);
  EXPECT_EQ(paper.trainer.max_updates, 8);
  EXPECT_EQ(paper.trainer.cut, nn::kPartialDistillation);
  EXPECT_EQ(paper.trainer.adam.learning_rate, 0.01);
  EXPECT_EQ(paper.trainer.instance_weight, 5);
  EXPECT_EQ(paper.trainer.averaging, 0);
  EXPECT_EQ(paper.schedule.trigger, Trigger::kMetric);
  EXPECT_EQ(paper.shown_labels, 0);
  EXPECT_EQ(paper.part_updates, 0);
}

TEST(Policy, PresetsAreValidDifferentAndFoundByTheirNames) {
  std::set<std::string> texts;
  for (const std::string& name : PolicyNames()) {
    const Policy policy = FindPolicy(name);
    EXPECT_EQ(policy.name, name);
    EXPECT_NO_THROW(Validate(policy)) << name;
    texts.insert(PolicyText(policy));
  }
  EXPECT_EQ(texts.size(), PolicyNames().size());
  EXPECT_THROW(FindPolicy("worst"), Error);
}

TEST(PolicyParts, TheTextOfEveryPartSetsIt) {
  for (const std::string& name : PolicyNames()) {
    const Policy policy = FindPolicy(name);
    PolicyChanges all;
    for (const PolicyPart& part : PolicyParts()) all[part.name] = part.text(policy);
    EXPECT_EQ(PolicyText(WithChanges({}, all)), PolicyText(policy)) << name;
  }
}

TEST(PolicyParts, NamesAreUniqueAndHaveHelp) {
  std::set<std::string> names;
  for (const PolicyPart& part : PolicyParts()) {
    EXPECT_TRUE(names.insert(part.name).second) << part.name;
    EXPECT_FALSE(part.help.empty()) << part.name;
  }
}

TEST(PolicyParts, TheThresholdIsAlsoThatOfTheStride) {
  EXPECT_EQ(WithChanges({}, {{"threshold", "0.6"}}).schedule.stride.threshold, 0.6);
  // 1 means that every key frame is trained on, which Algorithm 2 has no use for.
  EXPECT_EQ(WithChanges({}, {{"threshold", "1"}}).schedule.stride.threshold, 0.8);
  const Policy both = WithChanges({}, {{"threshold", "0.6"}, {"stride-threshold", "0.7"}});
  EXPECT_EQ(both.trainer.threshold, 0.6);
  EXPECT_EQ(both.schedule.stride.threshold, 0.7);
}

TEST(PolicyParts, WhatIsSetIsInForceForCodedUpdatesToo) {
  const Policy balanced = FindPolicy("balanced");
  EXPECT_EQ(TrainerFor(balanced, false).share, 1);
  EXPECT_LT(TrainerFor(balanced, true).share, 1);
  EXPECT_NE(TrainerFor(balanced, true).max_updates, balanced.trainer.max_updates);
  EXPECT_EQ(TrainerFor(WithChanges(balanced, {{"max-updates", "3"}}), true).max_updates, 3);
  EXPECT_EQ(TrainerFor(WithChanges(balanced, {{"max-updates", "3"}, {"coded-updates", "4"}}), true)
                .max_updates,
            4);
  // A share of the weights needs these two.
  EXPECT_EQ(WithChanges(balanced, {{"fresh-moments", "off"}}).coded.share, 1);
  EXPECT_EQ(
      WithChanges(balanced, {{"averaging", "0"}, {"replay-every", "0"}, {"part-updates", "0"}})
          .coded.share,
      1);
  EXPECT_THROW(WithChanges(balanced, {{"fresh-moments", "off"}, {"coded-share", "0.1"}}), Error);
}

TEST(PolicyParts, WordsOfTheCommandLine) {
  EXPECT_EQ(WithChanges({}, {{"cut", "full"}}).trainer.cut, nn::kFullDistillation);
  EXPECT_EQ(WithChanges({}, {{"cut", "enc3"}}).trainer.cut, nn::Stage::kEnc3);
  EXPECT_EQ(WithChanges({}, {{"trigger", "change"}}).schedule.trigger, Trigger::kChange);
}

TEST(PolicyParts, RefuseWhatDoesNotFit) {
  const auto refused = [](const PolicyChanges& changes) {
    try {
      WithChanges({}, changes);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(refused({{"max-updates", "4.5"}}), "max-updates must be a whole number, not '4.5'");
  EXPECT_EQ(refused({{"max-updates", ""}}), "max-updates must be a whole number, not ''");
  EXPECT_EQ(refused({{"learning-rate", "fast"}}), "learning-rate must be a number, not 'fast'");
  EXPECT_EQ(refused({{"fresh-moments", "yes"}}), "fresh-moments must be on or off, not 'yes'");
  for (const PolicyChanges& changes : std::vector<PolicyChanges>{
           {{"no-such-part", "1"}},     {{"cut", "nowhere"}},        {{"kinds", "some"}},
           {{"trigger", "whim"}},       {{"threshold", "0"}},        {{"threshold", "1.5"}},
           {{"threshold", "nan"}},      {{"stride-threshold", "1"}}, {{"max-updates", "-1"}},
           {{"max-updates", "100000"}}, {{"learning-rate", "inf"}},  {{"instance-weight", "0.5"}},
           {{"jaccard-weight", "-1"}},  {{"momentum", "1"}},         {{"averaging", "1"}},
           {{"plateau-steps", "3"}},  // without averaging
           {{"min-stride", "0"}},       {{"min-stride", "65"}},      {{"change", "2"}},
           {{"key-frame-rate", "0"}},   {{"burst", "0.5"}},          {{"burst-start", "5"}},
           {{"shown-labels", "1000"}},  {{"hide-untaught", "on"}},  // without shown-labels
           {{"part-updates", "-1"}},    {{"part-updates", "4"}},    // without averaging
           {{"idle-updates", "4"}},                                 // without part-updates
           {{"loss-stride", "0"}},      {{"loss-stride", "3"}}}) {
    EXPECT_NE(refused(changes), "") << changes.begin()->first << " " << changes.begin()->second;
  }
}

}  // namespace
}  // namespace shadowtutor::distill
