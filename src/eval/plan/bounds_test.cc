#include "eval/plan/bounds.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>

#include "eval/testing/timeline.h"
#include "shadowtutor/types.h"

namespace shadowtutor::eval {
namespace {

constexpr double kMebibyte = 1 << 20;
// Bounds are attained, so what is computed along another way may lie outside by rounding.
constexpr double kRounding = 1e-9;

// Jetson Nano, RTX 2080 Ti and 80 Mbit/s, as the paper measured their parts.
SystemCosts PaperCosts() {
  SystemCosts costs;
  costs.t_si = 0.143;
  costs.t_sd = 0.013;
  costs.t_ti = 0.044;
  costs.bytes_up = 2.637 * kMebibyte;
  costs.bytes_down = 0.395 * kMebibyte;
  costs.bandwidth = 80e6;
  return costs;
}

TEST(Bounds, AreThoseOfThePaper) {
  const Bounds bounds = BoundsOf(PaperCosts());
  EXPECT_NEAR(bounds.traffic.lower / kPaperMegabit, 2.52, 0.005);
  EXPECT_NEAR(bounds.traffic.upper / kPaperMegabit, 21.20, 0.005);
  EXPECT_NEAR(bounds.traffic.lower / kMegabit, 2.64, 0.005);
  EXPECT_NEAR(bounds.traffic.upper / kMegabit, 22.23, 0.005);
  EXPECT_NEAR(bounds.throughput.lower, 4.97, 0.005);
  EXPECT_NEAR(bounds.throughput.upper, 6.99, 0.005);
}

// Tables 6.2 and 6.4 of the thesis, partial distillation.
TEST(Bounds, HoldWhatThePaperMeasured) {
  const Bounds bounds = BoundsOf(PaperCosts());
  const double measured[][2] = {{6.55, 7.51}, {6.60, 3.14},  {6.50, 12.27}, {6.57, 4.06},
                                {6.59, 5.51}, {6.41, 18.19}, {6.57, 8.70}};
  for (const auto& [fps, megabits] : measured) {
    EXPECT_TRUE(bounds.throughput.Contains(fps)) << fps;
    EXPECT_TRUE(bounds.traffic.Contains(megabits * kPaperMegabit)) << megabits;
  }
}

// The category fixed/animals: its throughput and traffic follow from its key frames and the steps
// of table 6.1, with full concurrency, by equations 4.2 and 4.3.
TEST(Bounds, EquationsGiveThePapersFiguresFromItsCounts) {
  const SystemCosts costs = PaperCosts();
  const uint64_t key_frames = 237;  // 4.73 % of 5000
  const auto steps = static_cast<uint64_t>(std::lround(3.83 * key_frames));
  const double t_c = StrideStartSeconds(costs).lower;
  EXPECT_NEAR(t_c, 8 * 0.143, 1e-12);
  const double seconds = TotalSeconds(costs, 5000, key_frames, steps, t_c);
  EXPECT_NEAR(seconds, 5000 * 0.143 + static_cast<double>(steps) * 0.013, 1e-9);
  EXPECT_NEAR(5000 / seconds, 6.55, 0.4);
  EXPECT_NEAR(Traffic(costs, 5000, key_frames, steps, t_c) / kPaperMegabit, 7.51, 0.4);
}

TEST(Bounds, NaiveOffloadingSendsEverything) {
  SystemCosts costs = PaperCosts();
  costs.bytes_down = 0.879 * kMebibyte;
  const Bounds naive = NaiveBounds(costs);
  // Up, teacher, down, one after the other; the paper's 2.09 include what its program does besides.
  EXPECT_NEAR(naive.throughput.lower, 1 / (8 * 3.516 * kMebibyte / 80e6 + 0.044), 1e-9);
  EXPECT_GT(naive.throughput.lower, 2.09);
  EXPECT_NEAR(naive.throughput.upper, 1 / (8 * 2.637 * kMebibyte / 80e6), 1e-9);
  EXPECT_NEAR(naive.traffic.lower, 8 * 3.516 * kMebibyte * naive.throughput.lower, 1e-3);
  EXPECT_LT(BoundsOf(PaperCosts()).traffic.upper, naive.traffic.lower);
}

TEST(Bounds, ServerShareIsTheTimeSpentPerStride) {
  SystemCosts costs = PaperCosts();
  const Range share = ServerShare(costs);
  EXPECT_NEAR(share.upper, (0.044 + 8 * 0.013) / (8 * 0.143), 1e-12);
  EXPECT_LT(share.lower, 0.044 / (64 * 0.143));
  EXPECT_GT(share.lower, 0.044 / (64 * 0.143 + 0.044 + 0.4));
  costs.t_ti = 10;  // the client waits for it, so no client asks for more than all of it
  EXPECT_LE(ServerShare(costs).upper, 1);
  EXPECT_LE(ServerShare(costs).lower, ServerShare(costs).upper);
}

std::string RefusalOf(const SystemCosts& costs) {
  try {
    BoundsOf(costs);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    return error.what();
  }
  return "";
}

TEST(Bounds, RefuseWhatNoSystemHas) {
  EXPECT_EQ(RefusalOf(PaperCosts()), "");
  SystemCosts costs = PaperCosts();
  costs.bandwidth = 0;
  EXPECT_NE(RefusalOf(costs).find("bandwidth"), std::string::npos);
  costs = PaperCosts();
  costs.min_stride = 65;
  EXPECT_NE(RefusalOf(costs).find("minimum 65 and maximum 64"), std::string::npos);
  costs = PaperCosts();
  costs.t_si = 0;
  EXPECT_NE(RefusalOf(costs).find("student"), std::string::npos);
  costs = PaperCosts();
  costs.t_ti = std::nan("");
  EXPECT_NE(RefusalOf(costs).find("teacher"), std::string::npos);
  costs = PaperCosts();
  costs.least_bytes_down = costs.bytes_down + 1;
  EXPECT_NE(RefusalOf(costs).find("empty update"), std::string::npos);
  EXPECT_THROW(BoundsOfRun(PaperCosts(), 0), Error);
}

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}
  double Uniform(double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(engine_);
  }
  double LogUniform(double low, double high) {
    return std::exp(Uniform(std::log(low), std::log(high)));
  }
  int Integer(int low, int high) { return std::uniform_int_distribution<int>(low, high)(engine_); }
  bool Chance(double probability) { return Uniform(0, 1) < probability; }

 private:
  std::mt19937_64 engine_;
};

// Anything from a phone on a bad line with a huge teacher to a workstation on a fast one.
SystemCosts RandomCosts(Random& random) {
  SystemCosts costs;
  costs.t_si = random.LogUniform(1e-3, 1);
  costs.t_sd = random.Chance(0.1) ? 0 : random.LogUniform(1e-3, 1);
  costs.t_ti = random.Chance(0.1) ? 0 : random.LogUniform(1e-3, 3);
  costs.bytes_up = random.LogUniform(1e3, 1e7);
  costs.bytes_down = random.LogUniform(1e3, 1e7);
  if (random.Chance(0.5)) {
    costs.least_bytes_down = random.Chance(0.5) ? 0 : random.Uniform(0, costs.bytes_down);
  }
  if (random.Chance(0.9)) costs.bandwidth = random.LogUniform(1e5, 1e9);
  costs.latency = random.Chance(0.5) ? 0 : random.LogUniform(1e-3, 1);
  costs.min_stride = random.Integer(1, 20);
  costs.max_stride = costs.min_stride + (random.Chance(0.1) ? 0 : random.Integer(0, 100));
  costs.max_updates = random.Integer(0, 16);
  return costs;
}

// Scenes that stay calm, scenes that never do, and all between.
std::function<TrainingOutcome()> RandomTraining(Random& random, const SystemCosts& costs) {
  const int kind = random.Integer(0, 3);
  return [&random, &costs, kind, level = 0.8]() mutable {
    level = std::clamp(level + random.Uniform(-0.1, 0.1), 0.0, 1.0);
    const double metrics[] = {0, 1, random.Uniform(0, 1), level};
    TrainingOutcome outcome;
    outcome.metric = metrics[kind];
    outcome.steps = random.Integer(0, costs.max_updates);
    outcome.changed = outcome.steps > 0 && random.Chance(0.8);
    return outcome;
  };
}

TimelineOptions RandomTimeline(Random& random) {
  TimelineOptions options;
  options.costs = RandomCosts(random);
  const double overlaps[] = {0, 1, random.Uniform(0, 1)};
  options.overlap = overlaps[random.Integer(0, 2)];
  options.trains_beside = random.Chance(0.5);
  return options;
}

void ExpectWithin(const Range& range, double value, const char* what) {
  EXPECT_GE(value, range.lower * (1 - kRounding)) << what;
  EXPECT_LE(value, range.upper * (1 + kRounding)) << what;
}

constexpr int kRuns = 5000;

TEST(BoundsProperty, EveryRowOfWholeStridesLiesWithin) {
  Random random(1);
  int tried = 0;
  for (int i = 0; i < kRuns && !testing::Test::HasFailure(); ++i) {
    SCOPED_TRACE("run " + std::to_string(i));
    const TimelineOptions options = RandomTimeline(random);
    const auto timeline = PlayTimeline(options, static_cast<uint64_t>(random.Integer(1, 2000)),
                                       RandomTraining(random, options.costs));
    const TimelineTotals& whole = timeline.whole_strides;
    if (whole.frames == 0) continue;
    ++tried;
    const Bounds bounds = BoundsOf(options.costs);
    ExpectWithin(bounds.throughput, whole.throughput(), "throughput");
    ExpectWithin(bounds.traffic, whole.traffic(), "traffic");
  }
  EXPECT_GT(tried, kRuns * 9 / 10);
}

TEST(BoundsProperty, EveryRunLiesWithinTheBoundsOfItsLengthWhereverItEnds) {
  Random random(2);
  int outside_the_steady_ones = 0;
  for (int i = 0; i < kRuns && !testing::Test::HasFailure(); ++i) {
    SCOPED_TRACE("run " + std::to_string(i));
    const TimelineOptions options = RandomTimeline(random);
    const auto frames = static_cast<uint64_t>(random.LogUniform(1, 3000));
    const TimelineTotals run =
        PlayTimeline(options, frames, RandomTraining(random, options.costs)).run;
    const Bounds bounds = BoundsOfRun(options.costs, frames), steady = BoundsOf(options.costs);
    ExpectWithin(bounds.throughput, run.throughput(), "throughput");
    ExpectWithin(bounds.traffic, run.traffic(), "traffic");
    EXPECT_LE(bounds.throughput.lower, steady.throughput.lower * (1 + kRounding));
    EXPECT_GE(bounds.throughput.upper, steady.throughput.upper * (1 - kRounding));
    EXPECT_LE(bounds.traffic.lower, steady.traffic.lower * (1 + kRounding));
    EXPECT_GE(bounds.traffic.upper, steady.traffic.upper * (1 - kRounding));
    outside_the_steady_ones +=
        !steady.throughput.Contains(run.throughput()) || !steady.traffic.Contains(run.traffic());
  }
  // Otherwise the cut-off stride would not be worth bounds of its own.
  EXPECT_GT(outside_the_steady_ones, kRuns / 20);
}

TEST(BoundsProperty, EquationsHoldForWholeStrides) {
  Random random(3);
  for (int i = 0; i < kRuns && !testing::Test::HasFailure(); ++i) {
    SCOPED_TRACE("run " + std::to_string(i));
    TimelineOptions options = RandomTimeline(random);
    SystemCosts& costs = options.costs;
    costs.least_bytes_down.reset();  // as in the paper: the weights travel, changed or not
    options.trains_beside = false;
    const auto timeline = PlayTimeline(options, static_cast<uint64_t>(random.Integer(1, 2000)),
                                       RandomTraining(random, costs));
    const TimelineTotals& whole = timeline.whole_strides;
    if (whole.frames == 0) continue;
    const double t_c = whole.stride_start_seconds / static_cast<double>(whole.key_frames);
    ExpectWithin(StrideStartSeconds(costs), t_c, "t_c, equation 4.1");
    const double seconds = TotalSeconds(costs, whole.frames, whole.key_frames, whole.steps, t_c);
    EXPECT_NEAR(seconds / whole.seconds, 1, kRounding) << "equation 4.2";
    const double traffic = Traffic(costs, whole.frames, whole.key_frames, whole.steps, t_c);
    EXPECT_NEAR(traffic / whole.traffic(), 1, kRounding) << "equation 4.3";
  }
}

// Where the device predicts on while the server trains, equation 4.2 says too much: it is an upper
// bound then, and without its d t_sd a lower one.
TEST(BoundsProperty, TrainingBesideThePredictionsTakesAtMostWhatEquation42Adds) {
  Random random(4);
  int shorter = 0;
  for (int i = 0; i < kRuns && !testing::Test::HasFailure(); ++i) {
    SCOPED_TRACE("run " + std::to_string(i));
    TimelineOptions options = RandomTimeline(random);
    const auto frames = static_cast<uint64_t>(random.Integer(1, 2000));
    const auto seed = static_cast<uint64_t>(random.Integer(0, 1 << 30));
    const auto play = [&](bool trains_beside) {
      Random same(seed);
      options.trains_beside = trains_beside;
      return PlayTimeline(options, frames, RandomTraining(same, options.costs)).whole_strides;
    };
    const TimelineTotals beside = play(true), in_turn = play(false);
    ASSERT_EQ(beside.frames, in_turn.frames);
    if (beside.frames == 0) continue;
    const double training = static_cast<double>(in_turn.steps) * options.costs.t_sd;
    EXPECT_LE(beside.seconds, in_turn.seconds * (1 + kRounding));
    EXPECT_GE(beside.seconds, (in_turn.seconds - training) * (1 - kRounding));
    shorter += beside.seconds < in_turn.seconds * 0.999;
  }
  EXPECT_GT(shorter, kRuns / 5);
}

TimelineTotals Extreme(const SystemCosts& costs, double overlap, const TrainingOutcome& outcome) {
  TimelineOptions options;
  options.costs = costs;
  options.overlap = overlap;
  return PlayTimeline(options, 1'000'000, [&] { return outcome; }).whole_strides;
}

// The bounds are the best there are: some run comes to each of them.
TEST(BoundsProperty, AreAttained) {
  Random random(5);
  for (int i = 0; i < 20; ++i) {
    SCOPED_TRACE("costs " + std::to_string(i));
    const SystemCosts costs = RandomCosts(random);
    const Bounds bounds = BoundsOf(costs);
    const int most = costs.max_updates;
    // It takes some strides to grow from MIN_STRIDE to MAX_STRIDE.
    const double growing = 1e-2;
    EXPECT_NEAR(Extreme(costs, 1, {1, 0, false}).throughput() / bounds.throughput.upper, 1,
                growing);
    EXPECT_NEAR(Extreme(costs, 0, {0, most, true}).throughput() / bounds.throughput.lower, 1,
                kRounding);
    EXPECT_NEAR(Extreme(costs, 1, {0, 0, true}).traffic() / bounds.traffic.upper, 1, kRounding);
    EXPECT_NEAR(Extreme(costs, 0, {1, most, false}).traffic() / bounds.traffic.lower, 1, growing);
  }
}

// Why least_bytes_down is there: a system that sends nothing for nothing leaves the paper's bounds,
// to the better side.
TEST(Bounds, EmptyUpdatesBeatThePapersBounds) {
  SystemCosts costs = PaperCosts();
  costs.bandwidth = 8e6;
  const Bounds paper = BoundsOf(costs);
  costs.least_bytes_down = 0;
  const TimelineTotals calm = Extreme(costs, 1, {1, 0, false});
  EXPECT_GT(calm.throughput(), paper.throughput.upper);
  EXPECT_LT(BoundsOf(costs).traffic.lower, paper.traffic.lower);
  EXPECT_TRUE(BoundsOf(costs).throughput.Contains(calm.throughput()));
}

TEST(Timeline, IsAlgorithm3) {
  TimelineOptions options;
  options.costs = PaperCosts();
  options.costs.min_stride = 2;
  options.costs.max_stride = 4;
  // Key frames at 0, 4 and 8: a perfect metric doubles the stride of 2.
  const Timeline timeline = PlayTimeline(options, 10, [] { return TrainingOutcome{1, 1, true}; });
  EXPECT_EQ(timeline.run.frames, 10u);
  EXPECT_EQ(timeline.run.key_frames, 3u);
  EXPECT_EQ(timeline.whole_strides.frames, 8u);
  EXPECT_EQ(timeline.whole_strides.key_frames, 2u);
  // Every key frame's update is waited for: training, then the network and the teacher, which take
  // longer than two frames.
  const double turn = 0.013 + 8 * 3.032 * kMebibyte / 80e6 + 0.044;
  EXPECT_NEAR(timeline.whole_strides.seconds, 2 * (turn + 2 * 0.143), 1e-9);
  EXPECT_NEAR(timeline.run.seconds, 3 * turn + 4 * 0.143, 1e-9);
  EXPECT_NEAR(timeline.run.bytes, 3 * 3.032 * kMebibyte, 1);
}

TEST(Timeline, RefusesOutcomesOutOfRange) {
  TimelineOptions options;
  options.costs = PaperCosts();
  const auto play = [&](const TrainingOutcome& outcome) {
    PlayTimeline(options, 1, [&] { return outcome; });
  };
  EXPECT_NO_THROW(play({0.5, 8, true}));
  EXPECT_THROW(play({0.5, 9, true}), Error);
  EXPECT_THROW(play({1.5, 1, true}), Error);
  options.overlap = 2;
  EXPECT_THROW(play({0.5, 8, true}), Error);
}

}  // namespace
}  // namespace shadowtutor::eval
