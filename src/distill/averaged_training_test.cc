#include "distill/averaged_training.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "distill/replay.h"

namespace shadowtutor::distill {
namespace {

constexpr int kPixels = 20;

// A prediction in which `right` of 20 pixels are right; see key_frame_training_test.cc.
LabelMap Prediction(int right) {
  LabelMap map(kPixels, 1, 0);
  for (int x = right; x < kPixels; ++x) map.at(x, 0) = 1;
  return map;
}

// Behaves like nn::Learner with two weights. The first grows by 1 with every step, the second is
// never trained. It predicts as many pixels right as its first weight says.
class CountingLearner {
 public:
  void SetFrame(ImageView frame) { log += 'a' + frame.data[0]; }
  void HoldFrame() { log += 'H'; }
  void ReturnToHeldFrame() { log += 'R'; }
  const LabelMap& Predict() { return prediction_ = Prediction(static_cast<int>(weights_[0])); }
  double LossAndGradient(const LabelMap& label, const std::vector<float>& pixel_weights) {
    EXPECT_EQ(pixel_weights.size(), label.labels().size());
    log += 'G';
    return 1;
  }
  void AdamStep() { weights_[0] += 1; }
  std::span<const float> gradient() const { return weights_; }
  void AdamStep(std::span<const uint32_t>) { ADD_FAILURE() << "all weights are trained"; }
  const std::vector<float>& trained() const { return weights_; }
  void SetTrained(const std::vector<float>& weights, bool keep_moments) {
    EXPECT_TRUE(keep_moments);
    weights_ = weights;
  }

  std::string
      log;  // 'a' + first byte of the frame that was set, G: a gradient, H: held, R: returned

 private:
  std::vector<float> weights_ = {4, 0.1f};
  LabelMap prediction_;
};

struct Outcome {
  TrainResult result;
  CountingLearner learner;
};

Image Frame(uint8_t first_byte) {
  Image frame(kPixels, 1);
  frame.row(0)[0] = first_byte;
  return frame;
}

Outcome Train(const TrainerOptions& options, Replay replay = Replay(0),
              const std::function<bool()>& stop = {}) {
  Outcome outcome;
  std::vector<float> average;
  const nn::NetworkLayout layout(nn::NetworkSpec{});
  TrainedShare share(layout, options.cut,
                     nn::ParameterSelection(layout, options.cut, options.kinds), 1);
  Plateau plateau(options);
  const TeacherAnswer answer{.label = LabelMap(kPixels, 1, 0), .instances = {}};
  outcome.result = TrainAveraged(
      outcome.learner, Frame(0), answer, 2,
      [](const TeacherAnswer& a) { return std::vector<float>(a.label.labels().size(), 1.0f); },
      options, plateau, replay, share, average, stop);
  return outcome;
}

TrainerOptions Options(int steps) {
  TrainerOptions options;
  options.threshold = 1;
  options.max_updates = steps;
  options.averaging = 0.5;
  return options;
}

TEST(TrainAveraged, TakesAllStepsAndKeepsTheAverage) {
  const Outcome outcome = Train(Options(3));
  EXPECT_EQ(outcome.result.steps, 3);
  EXPECT_TRUE(outcome.result.changed);
  // 4 -> 4.5 with 5, -> 5.25 with 6, -> 6.125 with 7.
  EXPECT_EQ(outcome.learner.trained()[0], 6.125f);
  EXPECT_EQ(outcome.learner.trained()[1], 0.1f) << "what is not trained must keep its bits";
  EXPECT_EQ(outcome.result.initial_metric, 0.1);  // (4/20 + 0) / 2
  EXPECT_EQ(outcome.result.metric, 0.15);         // of the average
  EXPECT_EQ(outcome.learner.log, "aGGG");
}

TEST(TrainAveraged, TheThresholdSkipsKeyFramesThatAreGood) {
  TrainerOptions options = Options(3);
  options.threshold = 0.09;
  const Outcome outcome = Train(options);
  EXPECT_EQ(outcome.result.steps, 0);
  EXPECT_FALSE(outcome.result.changed);
  EXPECT_EQ(outcome.result.metric, outcome.result.initial_metric);
  EXPECT_EQ(outcome.learner.trained()[0], 4);
}

TEST(TrainAveraged, EndsOnAPlateau) {
  TrainerOptions options = Options(30);
  options.plateau_steps = 2;
  options.plateau_gain = 0.06;  // more than the 0.025 of a step, so three of them make a gain
  const Outcome one = Train(options);
  EXPECT_EQ(one.result.steps, 3) << "the first step is a gain over nothing";
  options.plateau_gain = 0.02;
  EXPECT_GT(Train(options).result.steps, 10);
}

TEST(TrainAveraged, StopsWhenItIsTold) {
  int asked = 0;
  const Outcome outcome = Train(Options(30), Replay(0), [&] { return ++asked > 2; });
  EXPECT_EQ(outcome.result.steps, 2);
  const Outcome at_once = Train(Options(30), Replay(0), [] { return true; });
  EXPECT_EQ(at_once.result.steps, 0);
  EXPECT_FALSE(at_once.result.changed);
}

TEST(TrainAveraged, EveryNthStepIsOnAnEarlierKeyFrame) {
  TrainerOptions options = Options(5);
  options.replay_every = 2;
  EXPECT_EQ(Train(options).learner.log, "aGGGGG") << "there is none yet";
  Replay replay(4);
  replay.Remember(Frame(1), {.label = LabelMap(kPixels, 1, 0), .instances = {}});
  EXPECT_EQ(Train(options, std::move(replay)).learner.log, "aGHbGRGHbGRG");
}

TEST(MixInto, RoundsNoWeightThatIsAsItWas) {
  std::vector<float> average(1000), weights(1000), expected(1000);
  for (size_t i = 0; i < average.size(); ++i) {
    average[i] = 0.1f * static_cast<float>(i);
    weights[i] = i % 3 ? average[i] : 7;
    expected[i] = i % 3 ? average[i] : 0.9f * average[i] + (1 - 0.9f) * 7;
  }
  std::vector<float> some = average;
  MixInto(average, 0.9f, weights);
  EXPECT_EQ(average, expected);
  const std::vector<uint32_t> indices = {3, 4, 996};
  std::vector<float> expected_some = some;
  for (const uint32_t i : indices) expected_some[i] = expected[i];
  MixInto(some, 0.9f, weights, indices);
  EXPECT_EQ(some, expected_some);
}

TEST(Replay, RemembersTheLastFramesAndPicksAllOfThem) {
  Replay replay(3);
  EXPECT_EQ(replay.Pick(), nullptr);
  for (uint8_t i = 0; i < 5; ++i) {
    replay.Remember(Frame(i), {.label = LabelMap(kPixels, 1, i), .instances = {}});
  }
  std::vector<int> picked(5);
  for (int i = 0; i < 300; ++i) {
    const Replay::KeyFrame* frame = replay.Pick();
    ASSERT_NE(frame, nullptr);
    EXPECT_EQ(frame->frame.row(0)[0], frame->answer.label.at(0, 0));
    ++picked[frame->frame.row(0)[0]];
  }
  EXPECT_EQ(picked[0] + picked[1], 0);
  for (int i = 2; i < 5; ++i) EXPECT_GT(picked[static_cast<size_t>(i)], 50) << i;
}

TEST(Replay, HasABoundInBytes) {
  Replay replay(64);
  const Image large(1920, 1080);  // three of them fit
  const TeacherAnswer answer{.label = LabelMap(1920, 1080), .instances = {}};
  static_assert(size_t{1920} * 1080 * 4 * 3 <= kReplayBytes);
  static_assert(size_t{1920} * 1080 * 4 * 4 > kReplayBytes);
  replay.Remember(Frame(7), {.label = LabelMap(kPixels, 1, 0), .instances = {}});
  for (int i = 0; i < 4; ++i) replay.Remember(large, answer);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(replay.Pick()->frame.size(), large.size());
  // A frame that does not fit at all is left out.
  Replay small(64);
  small.Remember(Image(4096, 2160), {.label = LabelMap(4096, 2160), .instances = {}});
  EXPECT_EQ(small.Pick(), nullptr);
}

TEST(Replay, NothingIsRememberedWhereNothingIsReplayed) {
  Replay replay(0);
  replay.Remember(Frame(1), {.label = LabelMap(kPixels, 1, 0), .instances = {}});
  EXPECT_EQ(replay.Pick(), nullptr);
}

}  // namespace
}  // namespace shadowtutor::distill
