// What each strategy promises, on a video whose labels are known by construction.
#include <gtest/gtest.h>

#include <opencv2/core.hpp>
#include <string>
#include <vector>

#include "core/parallel.h"
#include "distill/miou.h"
#include "eval/sim/evaluation.h"
#include "eval/sim/evaluation_text.h"
#include "eval/sim/mask_tracker.h"
#include "eval/sim/naive.h"
#include "eval/sim/setting_text.h"
#include "eval/testing/moving_shapes.h"
#include "wire/h264.h"

namespace shadowtutor::eval {
namespace {

constexpr FrameSize kSize{96, 72};

std::shared_ptr<const nn::Checkpoint> Student() {
  return std::make_shared<nn::Checkpoint>(SmallShapeStudent(1));
}

// Unlike ShapesTeacher, this teacher looks at the pixels, so its answers show what a codec changed.
class ThresholdTeacher : public ShapesTeacher {
 public:
  teacher::Answer Label(ImageView frame, uint64_t) override {
    LabelMap label(frame.width, frame.height);
    for (int y = 0; y < frame.height; ++y) {
      for (int x = 0; x < frame.width; ++x) {
        const uint8_t* pixel = frame.row(y) + ptrdiff_t{3} * x;
        label.at(x, y) = pixel[2] > pixel[0] + 20 ? 0 : pixel[0] > pixel[2] + 20 ? 1 : 2;
      }
    }
    return {.label = std::move(label), .instances = {}, .has_instances = false};
  }
};

EvalOptions Options(const std::string& strategy) {
  EvalOptions options;
  options.strategy = strategy;
  options.per_frame = true;
  return options;
}

EvalReport RunShapes(const EvalOptions& options, int64_t frames) {
  ShapesSource source(kSize, frames);
  ThresholdTeacher teacher;
  return Evaluate(source, teacher, Student(), options);
}

// The figures, without those that were measured by a clock.
std::string TextOf(EvalReport report) {
  report.totals.encode_ms = report.totals.server_ms = 0;
  return ReportJson(report);
}

TEST(RunLabel, CarriesTheDelayWhereItCounts) {
  EXPECT_EQ(RunLabel(FindStrategy("partial"), 8), "P-8");
  EXPECT_EQ(RunLabel(FindStrategy("full"), 1), "F-1");
  EXPECT_EQ(RunLabel(FindStrategy("wild"), 8), "wild");
  EXPECT_EQ(RunLabel(FindStrategy("naive-h264"), 1), "naive H.264");
  EXPECT_EQ(RunLabel(FindStrategy("naive-h264"), 8), "naive H.264-8");
  EXPECT_EQ(RunLabel(FindStrategy("tracking"), 1), "tracking");
  EXPECT_EQ(RunLabel(FindStrategy("tracking"), 8), "tracking-8");
  EXPECT_EQ(RunLabel(FindStrategy("shadow"), kDelayAuto), "S-auto");
  EXPECT_EQ(RunLabel(FindStrategy("tracking"), kDelayAuto), "tracking-auto");
  EXPECT_EQ(RunLabel(FindStrategy("wild"), kDelayAuto), "wild");
}

TEST(EveryStrategy, GivesTheSameReportOnOneThread) {
  for (const auto* strategy : Strategies()) {
    const EvalOptions options = Options(std::string(strategy->name));
    const EvalReport many = RunShapes(options, 20);
    EXPECT_EQ(many.frames, 20u);
    const ThreadLimit one_thread(1);
    EXPECT_EQ(TextOf(RunShapes(options, 20)), TextOf(many)) << strategy->name;
  }
}

TEST(Naive, RawIsTheTeacherAndCostsEveryPixel) {
  EvalOptions options = Options("naive-raw");
  options.parameters.label_codec = wire::LabelCodec::kPng;
  const EvalReport report = RunShapes(options, 6);
  EXPECT_EQ(report.mean_miou, 1.0);
  EXPECT_EQ(report.key_frame_ratio(), 1.0);
  EXPECT_EQ(report.totals.bytes_up, 6 * kSize.pixels() * 3);
  uint64_t labels = 0;
  ShapesSource source(kSize, 6);
  ThresholdTeacher teacher;
  for (Image frame; source.Read(frame);) {
    labels +=
        wire::LabelEncoder(wire::LabelCodec::kPng).Encode(teacher.Label(frame, 0).label).size();
  }
  EXPECT_EQ(report.totals.bytes_down, labels);
}

TEST(Naive, LabelsTravelInTheCodecThatIsAskedFor) {
  EvalOptions options = Options("naive-raw");
  options.parameters.label_codec = wire::LabelCodec::kPng;
  const EvalReport png = RunShapes(options, 3);
  options.parameters.label_codec = wire::LabelCodec::kRle;
  const EvalReport rle = RunShapes(options, 3);
  EXPECT_EQ(rle.mean_miou, 1.0);
  EXPECT_NE(rle.totals.bytes_down, png.totals.bytes_down);
}

TEST(Naive, ATeacherThatLooksSeesWhatTheCodecLeft) {
  for (const char* name : {"naive-jpeg", "naive-h264", "naive-vp9", "naive-av1"}) {
    const EvalReport report = RunShapes(Options(name), 8);
    EXPECT_LT(report.mean_miou, 1.0) << name;
    EXPECT_GT(report.mean_miou, 0.8) << name;
    EXPECT_LT(report.totals.bytes_up, 8 * kSize.pixels()) << name;
    EXPECT_GT(report.totals.bytes_up, 0u) << name;
  }
  EvalOptions rough = Options("naive-jpeg");
  rough.parameters.quality.jpeg = 5;
  EXPECT_LT(RunShapes(rough, 8).mean_miou, RunShapes(Options("naive-jpeg"), 8).mean_miou);
}

TEST(Naive, ATeacherThatReplaysLabelsCannotSeeTheCodec) {
  ShapesSource source(kSize, 4);
  ShapesTeacher teacher;
  EvalOptions rough = Options("naive-jpeg");
  rough.parameters.quality.jpeg = 5;
  EXPECT_EQ(Evaluate(source, teacher, Student(), rough).mean_miou, 1.0);
}

TEST(Naive, FollowsTheRateFactor) {
  EvalOptions fine = Options("naive-h264"), default_rate = fine, coarse = fine;
  fine.parameters.quality.crf = 10;
  coarse.parameters.quality.crf = 45;
  const uint64_t bytes = RunShapes(default_rate, 8).totals.bytes_up;
  EXPECT_GT(RunShapes(fine, 8).totals.bytes_up, bytes);
  EXPECT_LT(RunShapes(coarse, 8).totals.bytes_up, bytes);
  default_rate.parameters.quality.crf = wire::kDefaultH264Crf;
  EXPECT_EQ(RunShapes(default_rate, 8).totals.bytes_up, bytes);
}

TEST(Naive, ReducedFramesCostLessAndComeBackInTheFramesSize) {
  EvalOptions options = Options("naive-raw");
  options.parameters.sent_width = 48;  // half of it
  ShapesSource source(kSize, 6);
  ShapesTeacher teacher;
  const EvalReport report =
      Evaluate(source, teacher, teacher, Student(), options, {},
               [](const EvaluatedFrame& frame) { EXPECT_EQ(frame.prediction.size(), kSize); });
  EXPECT_EQ(report.totals.bytes_up, 6 * kSize.pixels() * 3 / 4);
  // Only the edges suffer, even with a teacher that does not look at frames.
  EXPECT_LT(report.mean_miou, 1.0);
  EXPECT_GT(report.mean_miou, 0.9);
  // Frames that are not wider go as they are.
  options.parameters.sent_width = kSize.width;
  EXPECT_EQ(RunShapes(options, 6).mean_miou, 1.0);
}

TEST(Naive, ATeacherThatLooksSeesTheReducedFrameInItsOwnSize) {
  class SizeTeacher : public ThresholdTeacher {
   public:
    teacher::Answer Label(ImageView frame, uint64_t index) override {
      EXPECT_EQ(frame.size(), kSize);
      return ThresholdTeacher::Label(frame, index);
    }
  };
  ShapesSource source(kSize, 3);
  ShapesTeacher labels;
  SizeTeacher teacher;
  EvalOptions options = Options("naive-h264");
  options.parameters.sent_width = 50;  // 37.5 rows: one more than half
  const EvalReport report = Evaluate(source, labels, teacher, Student(), options, {}, {});
  EXPECT_GT(report.mean_miou, 0.7);
  EXPECT_LT(report.mean_miou, 1.0);
}

TEST(Naive, WithADelayEveryFrameHasTheLabelOfAnEarlierOne) {
  for (const int delay : {2, 8}) {
    EvalOptions options = Options("naive-raw");
    options.parameters.delay = delay;
    ShapesSource source(kSize, 20);
    ShapesTeacher teacher;
    const LabelMap nothing(kSize.width, kSize.height, kShapeBackground);
    const EvalReport report = Evaluate(
        source, teacher, teacher, Student(), options, {}, [&](const EvaluatedFrame& frame) {
          const auto late = static_cast<uint64_t>(delay);
          EXPECT_EQ(frame.prediction,
                    frame.index < late ? nothing : LabelShapes(kSize, frame.index - late))
              << "delay " << delay << ", frame " << frame.index;
        });
    EXPECT_LT(report.mean_miou, 1.0);
    EXPECT_EQ(report.totals.key_frames, 20u);
    EXPECT_EQ(report.mean_delay(), delay);
  }
}

TEST(Naive, WithADelayOfOneItWaits) {
  const EvalReport report = RunShapes(Options("naive-raw"), 6);
  EXPECT_EQ(report.mean_miou, 1.0);
  EXPECT_EQ(report.mean_delay(), 0);
}

TEST(Naive, RefusesADelayThatItCannotKeep) {
  EvalOptions options = Options("naive-raw");
  for (const int delay : {0, kMostNaiveInFlight + 1}) {
    options.parameters.delay = delay;
    EXPECT_THROW(RunShapes(options, 1), Error) << delay;
  }
  options.parameters.delay = kMostNaiveInFlight;
  EXPECT_NO_THROW(RunShapes(options, 1));
  options.parameters.sent_width = -1;
  EXPECT_THROW(RunShapes(options, 1), Error);
}

TEST(Naive, InRealTimeItSendsWhenTheTeacherIsFree) {
  EvalOptions options = Options("naive-raw");
  options.parameters.delay = kDelayAuto;
  // 40 ms a frame: the teacher manages every other one, and its answer comes after 100 ms.
  options.parameters.timing = {.network_ms = 40, .teacher_ms = 60, .step_ms = {}};
  const EvalReport report = RunShapes(options, 12);
  EXPECT_EQ(report.key_frame_indices, (std::vector<uint64_t>{0, 2, 4, 6, 8, 10}));
  EXPECT_EQ(report.mean_delay(), 3);
  // However long the network takes, only so many answers are on their way.
  options.parameters.timing = {.network_ms = 100'000, .teacher_ms = 0, .step_ms = {}};
  EXPECT_EQ(RunShapes(options, 100).totals.key_frames, static_cast<uint64_t>(kMostNaiveInFlight));
}

TEST(Tracking, ReducedKeyFramesCostLess) {
  EvalOptions options = Options("tracking");
  const double whole = RunShapes(options, 24).mean_miou;
  options.parameters.sent_width = 48;
  const EvalReport report = RunShapes(options, 24);
  EXPECT_EQ(report.totals.bytes_up, 3 * kSize.pixels() * 3 / 4);
  EXPECT_GT(report.mean_miou, whole - 0.1);
  EXPECT_NE(report.mean_miou, whole);
}

TEST(SettingText, SaysWhatMattersToTheStrategy) {
  StrategyOptions options;
  const auto text = [&](const char* name) { return SettingText(FindStrategy(name), options); };
  EXPECT_EQ(text("wild"), "");
  EXPECT_EQ(text("naive-raw"), "raw");
  EXPECT_EQ(text("naive-h264"), "H.264 at rate factor 23");
  EXPECT_EQ(text("tracking"), "raw, 1 frame in 8");
  EXPECT_EQ(text("shadow"), "balanced, H.264 of 4000 bytes, coded updates");
  EXPECT_EQ(text("full"), "paper, cut in_conv1, raw, fp32 updates");
  options.quality.crf = 29;
  options.sent_width = 640;
  options.tracking_stride = 16;
  options.label_codec = wire::LabelCodec::kPng;
  options.frame_codec = wire::FrameCodec::kH264;
  options.policy.trainer.max_updates = 6;
  EXPECT_EQ(text("naive-jpeg"), "JPEG of quality 90, 640 wide, png labels");
  EXPECT_EQ(text("naive-h264"), "H.264 at rate factor 29, 640 wide, png labels");
  EXPECT_EQ(text("tracking"), "H.264 at rate factor 29, 640 wide, 1 frame in 16, png labels");
  EXPECT_EQ(text("shadow"), "balanced, max-updates 6, H.264 at rate factor 29, coded updates");
}

TEST(Tracking, CarriesTheMaskWithTheMotion) {
  EvalOptions options = Options("tracking");
  const EvalReport report = RunShapes(options, 40);
  EXPECT_EQ(report.totals.key_frames, 5u);
  EXPECT_EQ(report.key_frame_indices, (std::vector<uint64_t>{0, 8, 16, 24, 32}));
  EXPECT_EQ(report.totals.bytes_up, 5 * kSize.pixels() * 3);
  EXPECT_GT(report.totals.bytes_down, 0u);
  EXPECT_EQ(report.totals.distillation_steps, 0u);
  EXPECT_GT(report.mean_miou, 0.85);

  // Showing the last labels without moving them is worse.
  double still = 0;
  ThresholdTeacher teacher;
  for (uint64_t i = 1; i < 40; ++i) {
    const auto label = [&](uint64_t index) {
      return teacher.Label(DrawShapes(kSize, index), index).label;
    };
    still += distill::MeanIoU(label((i - 1) / 8 * 8), label(i), 3);
  }
  EXPECT_GT(report.mean_miou, still / 39);
}

TEST(Tracking, ALabelComesAfterTheDelayAndIsCarriedOverTheFramesSince) {
  EvalOptions options = Options("tracking");
  options.parameters.delay = 5;
  const EvalReport report = RunShapes(options, 16);
  // All pixels are background until the first labels have arrived.
  ASSERT_EQ(report.miou.size(), 16u);
  for (int i = 0; i < 5; ++i) EXPECT_LT(report.miou[i], 0.4) << i;
  for (int i = 5; i < 16; ++i) EXPECT_GT(report.miou[i], 0.75) << i;
}

TEST(Tracking, RefusesADelayBeyondItsStride) {
  EvalOptions options = Options("tracking");
  options.parameters.delay = 9;
  EXPECT_THROW(RunShapes(options, 1), Error);
  options.parameters.tracking_stride = 9;
  EXPECT_NO_THROW(RunShapes(options, 1));
  options.parameters.tracking_stride = 0;
  EXPECT_THROW(RunShapes(options, 1), Error);
}

TEST(MaskTracker, DoesNotDependOnOpenCvsThreadsAndLeavesTheirNumberAlone) {
  const int before = cv::getNumThreads();
  std::vector<LabelMap> carried;
  for (const int threads : {1, 2}) {
    cv::setNumThreads(threads);
    MaskTracker tracker;
    constexpr FrameSize kLarge{800, 600};  // over the reduced size
    LabelMap labels = LabelShapes(kLarge, 0);
    for (uint64_t i = 0; i < 3; ++i) {
      tracker.Advance(DrawShapes(kLarge, 4 * i));
      tracker.Carry(labels);
    }
    EXPECT_EQ(cv::getNumThreads(), threads);
    EXPECT_GT(distill::MeanIoU(labels, LabelShapes(kLarge, 8), 3), 0.9);
    carried.push_back(std::move(labels));
  }
  cv::setNumThreads(before);
  EXPECT_EQ(carried[1], carried[0]);
}

TEST(MaskTracker, FramesOfAnySizeAndChangeOfSize) {
  MaskTracker tracker;
  for (const FrameSize size : {FrameSize{1, 1}, FrameSize{7, 300}, FrameSize{33, 17}}) {
    for (uint64_t i = 0; i < 2; ++i) {
      tracker.Advance(DrawShapes(size, i));
      LabelMap labels(size.width, size.height, 2);
      tracker.Carry(labels);
      EXPECT_EQ(labels, LabelMap(size.width, size.height, 2));
    }
  }
  LabelMap other(5, 5, 1);
  tracker.Carry(other);
  EXPECT_EQ(other, LabelMap(5, 5, 1));
}

TEST(JustInTime, UsesWhatItLearntAtOnceAndCountsTheWholeStudent) {
  const EvalReport report = RunShapes(Options("just-in-time"), 60);
  const uint64_t updates = report.totals.bytes_down / (Student()->weights.size() * 4);
  EXPECT_EQ(report.totals.bytes_down, updates * Student()->weights.size() * 4);
  EXPECT_GE(updates, 1u);
  EXPECT_LE(updates, report.totals.trained_key_frames);
  EXPECT_EQ(report.totals.bytes_up, report.totals.key_frames * kSize.pixels() * 3);

  // The first frame is predicted after training on it, so it is better than with `full`.
  const EvalReport full = RunShapes(Options("full"), 1);
  EXPECT_GT(report.miou[0], full.miou[0]);
  EXPECT_GT(report.mean_miou, RunShapes(Options("wild"), 60).mean_miou + 0.2);
}

TEST(JustInTime, TheStrideDoublesWhereTheStudentIsRight) {
  EvalOptions options = Options("just-in-time");
  options.parameters.paper.trainer.threshold = 0.01;
  options.parameters.paper.schedule.stride = {.threshold = 0.01, .min_stride = 2, .max_stride = 8};
  const EvalReport report = RunShapes(options, 32);
  EXPECT_EQ(report.key_frame_indices, (std::vector<uint64_t>{0, 4, 12, 20, 28}));
  options.parameters.paper.trainer.threshold = 0.999;
  options.parameters.paper.schedule.stride.threshold = 0.999;
  options.parameters.paper.trainer.max_updates = 0;
  EXPECT_EQ(RunShapes(options, 9).key_frame_indices, (std::vector<uint64_t>{0, 2, 4, 6, 8}));
}

TEST(Strides, AreReportedWhereTheyChange) {
  EvalOptions options = Options("partial");
  options.parameters.paper.schedule.stride = {.threshold = 0.5, .min_stride = 16, .max_stride = 64};
  const EvalReport report = RunShapes(options, 100);
  ASSERT_GE(report.strides.size(), 2u);
  EXPECT_EQ(report.strides.front(), (std::pair<uint64_t, int>{0, 16}));
  for (size_t i = 1; i < report.strides.size(); ++i) {
    EXPECT_GT(report.strides[i].first, report.strides[i - 1].first);
    EXPECT_NE(report.strides[i].second, report.strides[i - 1].second);
  }
  EXPECT_GT(report.strides.back().second, 16);
  EXPECT_TRUE(RunShapes(Options("wild"), 3).strides.empty());
}

TEST(Evaluate, AsksTheTeacherOnlyAboutFramesThatACodecChanged) {
  ShapesSource source(kSize, 12);
  ShapesTeacher labels, teacher;
  Evaluate(source, labels, teacher, Student(), Options("partial"), {}, {});
  EXPECT_EQ(labels.asked(), 12);
  EXPECT_EQ(teacher.asked(), 0);
  ShapesSource again(kSize, 12);
  uint64_t seen = 0;
  Evaluate(again, labels, teacher, Student(), Options("naive-jpeg"), {},
           [&](const EvaluatedFrame& frame) {
             EXPECT_EQ(frame.index, seen++);
             EXPECT_EQ(frame.prediction, frame.label);
             EXPECT_EQ(frame.frame.size(), kSize);
           });
  EXPECT_EQ(seen, 12u);
  EXPECT_EQ(teacher.asked(), 12);
}

TEST(RealTime, IsTheSameEveryTimeWhenAllTimesAreGiven) {
  for (const char* name : {"shadow", "partial", "tracking"}) {
    EvalOptions options = Options(name);
    options.parameters.delay = kDelayAuto;
    options.parameters.timing = {.network_ms = 20, .teacher_ms = 30, .step_ms = 10};
    const EvalReport report = RunShapes(options, 40);
    EXPECT_EQ(TextOf(RunShapes(options, 40)), TextOf(report)) << name;
    ASSERT_TRUE(report.mean_delay()) << name;
    EXPECT_GE(*report.mean_delay(), 2) << name;  // 50 ms at 40 ms a frame
    options.parameters.timing.teacher_ms = 430;
    EXPECT_GE(*RunShapes(options, 40).mean_delay(), *report.mean_delay() + 9) << name;
  }
}

TEST(RealTime, AClientThatIsNotAnsweredInTimeGoesOn) {
  for (const char* name : {"shadow", "partial", "tracking"}) {
    EvalOptions options = Options(name);
    options.parameters.delay = kDelayAuto;
    options.parameters.timing = {.network_ms = 0, .teacher_ms = 1000, .step_ms = 0};
    const EvalReport report = RunShapes(options, 60);
    // Each answer takes 25 frames, which is beyond the least stride, so no key frame comes sooner.
    EXPECT_EQ(report.mean_delay(), 25) << name;
    ASSERT_GE(report.key_frame_indices.size(), 2u) << name;
    for (size_t i = 1; i < report.key_frame_indices.size(); ++i) {
      EXPECT_GE(report.key_frame_indices[i] - report.key_frame_indices[i - 1], 25u) << name;
    }
  }
}

TEST(RealTime, TheTeacherIsAskedAboutKeyFramesWhereItsTimeIsMeasured) {
  EvalOptions options = Options("partial");
  options.parameters.delay = kDelayAuto;
  for (const bool given : {false, true}) {
    if (given) options.parameters.timing.teacher_ms = 5;
    ShapesSource source(kSize, 12);
    ShapesTeacher labels, teacher;
    const EvalReport report = Evaluate(source, labels, teacher, Student(), options, {}, {});
    EXPECT_GE(report.totals.key_frames, 1u);
    EXPECT_EQ(teacher.asked(), given ? 0 : static_cast<int>(report.totals.key_frames));
  }
}

TEST(RealTime, NeedsAFrameRate) {
  class Folder : public ShapesSource {
   public:
    Folder() : ShapesSource(kSize, 5) {}
    double frames_per_second() const override { return 0; }
  };
  EvalOptions options = Options("shadow");
  ThresholdTeacher teacher;
  Folder in_frames;
  EXPECT_NO_THROW(Evaluate(in_frames, teacher, Student(), options));
  options.parameters.delay = kDelayAuto;
  Folder in_real_time;
  EXPECT_THROW(Evaluate(in_real_time, teacher, Student(), options), Error);
}

TEST(OptionsFor, KeyFramesAreWhatTheStrategysOwnPolicyWants) {
  StrategyOptions options;
  options.policy = distill::FindPolicy("frugal");
  options.paper.pictures.bytes = 7000;
  options.quality.pictures = {.bytes = 9000};
  const auto bytes = [&](const char* strategy) {
    return OptionsFor(FindStrategy(strategy), options).quality.pictures.bytes;
  };
  EXPECT_EQ(bytes("shadow"), options.policy.pictures.bytes);
  EXPECT_EQ(bytes("partial"), 7000);
  EXPECT_EQ(bytes("tracking"), 9000);
}

}  // namespace
}  // namespace shadowtutor::eval
