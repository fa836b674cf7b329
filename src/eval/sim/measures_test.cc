#include "eval/sim/measures.h"

#include <gtest/gtest.h>

#include <vector>

#include "eval/sim/measures_json.h"

namespace shadowtutor::eval {
namespace {

std::vector<double> Steps(size_t low_frames, double low, size_t high_frames, double high) {
  std::vector<double> miou(low_frames, low);
  miou.insert(miou.end(), high_frames, high);
  return miou;
}

TEST(SecondsTo, IsTheEndOfTheFirstSecondWithThatMean) {
  // Ten frames a second; the mean of the last ten is 0.8 when eight of them are at 1.
  const std::vector<double> miou = Steps(20, 0, 20, 1);
  EXPECT_EQ(SecondsTo(0.8, miou, 10), 2.8);
  EXPECT_EQ(SecondsTo(0.85, miou, 10), 2.9);
  EXPECT_EQ(SecondsTo(0.8, Steps(0, 0, 20, 0.9), 10), 1.0);  // the least that it can be
  EXPECT_FALSE(SecondsTo(0.95, Steps(0, 0, 20, 0.9), 10));
}

TEST(SecondsTo, TakesEightFramesAtLeastAndAKnownRate) {
  EXPECT_EQ(SecondsTo(0.8, Steps(0, 0, 8, 0.9), 2), 4.0);
  EXPECT_FALSE(SecondsTo(0.8, Steps(0, 0, 7, 0.9), 2));
  EXPECT_FALSE(SecondsTo(0.8, Steps(0, 0, 50, 0.9), 0));
  EXPECT_FALSE(SecondsTo(0.8, {}, 10));
  // A falling mIoU does not take back what was reached.
  EXPECT_EQ(SecondsTo(0.8, Steps(10, 0.9, 50, 0.1), 10), 1.0);
}

TEST(Measuring, TheFirstFramesAreThoseOfTheStart) {
  Measuring measuring(0, 25);
  EXPECT_EQ(measuring.measures(), Measures{});
  const LabelMap labels(4, 4);
  measuring.Add(labels, labels, 0.5);
  EXPECT_EQ(measuring.measures().first_miou, 0.5);
  for (int i = 1; i < 200; ++i) measuring.Add(labels, labels, i < 60 ? 0.5 : 1);
  EXPECT_EQ(measuring.measures().first_miou, 0.5);
  EXPECT_TRUE(measuring.measures().seconds_to_85);
}

TEST(Measuring, TellsThePredictionFromTheLabel) {
  Measuring measuring(0, 25);
  for (const uint8_t predicted : {0, 1, 0, 1}) {
    measuring.Add(LabelMap(8, 8, 1), LabelMap(8, 8, predicted), 0);
  }
  EXPECT_EQ(measuring.measures().flicker, 1);
  EXPECT_EQ(measuring.measures().teacher_flicker, 0);
}

TEST(Measures, ComeBackFromJsonAsTheyWere) {
  const Measures some{.first_miou = 0.1 + 0.2,
                      .seconds_to_80 = 1.5,
                      .seconds_to_85 = std::nullopt,
                      .flicker = 0.001,
                      .teacher_flicker = 0.002,
                      .new_classes = {.events = 3, .missed = 1, .mean_frames = 4}};
  nlohmann::ordered_json json;
  AddMeasures(some, json);
  EXPECT_TRUE(json.at("seconds_to_85").is_null());
  EXPECT_EQ(json.at("new_classes").at("missed"), 1);
  EXPECT_EQ(MeasuresFrom(json), some);
  json.erase("flicker");
  EXPECT_THROW(MeasuresFrom(json), nlohmann::json::exception);
}

}  // namespace
}  // namespace shadowtutor::eval
