#include "eval/sim/new_classes.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace shadowtutor::eval {
namespace {

constexpr double kRate = 4;  // frames per second

// A frame of 200x100 pixels of class 0, with a strip of `pixels` of class `c`.
LabelMap Frame(int c, int pixels) {
  LabelMap labels(200, 100, 0);
  for (int i = 0; i < pixels; ++i)
    labels.labels()[static_cast<size_t>(i)] = static_cast<uint8_t>(c);
  return labels;
}

// Plays a script with a character for each frame in `labels` and `predictions`: the class whose
// 50 pixels are there, or '.' for the background alone.
NewClassFigures Play(const std::string& labels, const std::string& predictions,
                     double rate = kRate) {
  NewClasses classes(/*background=*/0, rate);
  for (size_t i = 0; i < labels.size(); ++i) {
    const auto frame = [&](char c) { return c == '.' ? Frame(0, 0) : Frame(c - '0', 50); };
    classes.Add(frame(labels[i]), frame(predictions[i]));
  }
  return classes.figures();
}

NewClassFigures Found(uint64_t events, uint64_t missed, double mean_frames) {
  return {.events = events,
          .missed = missed,
          .mean_frames = mean_frames,
          .mean_seconds = mean_frames / kRate};
}

TEST(NewClasses, CountTheFramesUntilAPixelIsRight) {
  EXPECT_EQ(Play("..111111", "....1111"), Found(1, 0, 2));
  EXPECT_EQ(Play("..111111", "..111111"), Found(1, 0, 0));
  // Later mistakes and another class do not matter.
  EXPECT_EQ(Play("..111111", "..2.1..."), Found(1, 0, 2));
  EXPECT_EQ(Play("..111222", "...1..22"), Found(2, 0, 1));
}

TEST(NewClasses, WhatIsThereAtTheStartDoesNotEnter) {
  EXPECT_EQ(Play("11111", "..111"), NewClassFigures{});
  EXPECT_EQ(Play("", ""), NewClassFigures{});
  EXPECT_EQ(Play(".....", "....."), NewClassFigures{});
}

TEST(NewClasses, AClassEntersAgainAfterASecondWithoutIt) {
  EXPECT_EQ(Play("1...111", "1....11"), NewClassFigures{});  // three frames of four
  EXPECT_EQ(Play("1....111", "1.....11"), Found(1, 0, 1));
  EXPECT_EQ(Play(".11....111", ".11......1"), Found(2, 0, 1));  // 0 and 2 frames
}

TEST(NewClasses, ThoseThatLeaveUnseenAreMissedAndSoAreThoseThatAreUnseenAtTheEnd) {
  EXPECT_EQ(Play(".11....", "......."), (NewClassFigures{.events = 1, .missed = 1}));
  EXPECT_EQ(Play(".11....", "...1111"), (NewClassFigures{.events = 1, .missed = 1}));
  EXPECT_EQ(Play("....11", "......"), (NewClassFigures{.events = 1, .missed = 1}));
  // It leaves, comes back within a second and is seen then: still the one event, which was missed.
  EXPECT_EQ(Play(".11..11", ".....11"), (NewClassFigures{.events = 1, .missed = 1}));
  EXPECT_EQ(Play(".11.....111", ".........11"), Found(2, 1, 1));
}

TEST(NewClasses, AFewPixelsAreNotEnoughToEnter) {
  // A thousandth of 20,000 pixels are 20.
  NewClasses classes(0, kRate);
  for (const int pixels : {0, 3, 19, 20, 20}) classes.Add(Frame(1, pixels), Frame(1, 0));
  classes.Add(Frame(1, 20), Frame(1, 1));
  EXPECT_EQ(classes.figures(), Found(1, 0, 2));

  // Of a small frame it takes 16.
  NewClasses small(0, kRate);
  small.Add(LabelMap(5, 3, 0), LabelMap(5, 3, 0));
  small.Add(LabelMap(5, 3, 1), LabelMap(5, 3, 1));
  EXPECT_EQ(small.figures().events, 0u);
  small.Add(LabelMap(4, 4, 1), LabelMap(4, 4, 1));
  EXPECT_EQ(small.figures().events, 1u);
}

TEST(NewClasses, TheBackgroundIsNoClassUnlessThereIsNone) {
  for (const int background : {1, -1}) {
    NewClasses classes(background, kRate);
    classes.Add(Frame(0, 0), Frame(0, 0));
    classes.Add(Frame(1, 50), Frame(1, 50));
    EXPECT_EQ(classes.figures().events, background == 1 ? 0u : 1u);
  }
}

TEST(NewClasses, WithoutARateASecondIs25FramesAndNothingIsSaidInSeconds) {
  const std::string gap(24, '.');
  EXPECT_EQ(Play("1" + gap + "1", "1" + gap + "1", 0).events, 0u);
  const NewClassFigures figures = Play("1." + gap + "11", "1." + gap + ".1", 0);
  EXPECT_EQ(figures.events, 1u);
  EXPECT_EQ(figures.mean_frames, 1);
  EXPECT_FALSE(figures.mean_seconds);
}

TEST(NewClasses, RefuseAPredictionOfAnotherSize) {
  NewClasses classes(0, kRate);
  EXPECT_THROW(classes.Add(LabelMap(4, 4), LabelMap(4, 5)), Error);
}

}  // namespace
}  // namespace shadowtutor::eval
