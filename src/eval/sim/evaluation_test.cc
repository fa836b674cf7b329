#include "eval/sim/evaluation.h"

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "distill/miou.h"
#include "eval/sim/evaluation_text.h"
#include "eval/sim/remembering_teacher.h"
#include "eval/testing/moving_shapes.h"
#include "nn/predictor.h"

namespace shadowtutor::eval {
namespace {

constexpr FrameSize kSize{64, 48};

std::shared_ptr<const nn::Checkpoint> Student() {
  return std::make_shared<nn::Checkpoint>(SmallShapeStudent(1));
}

EvalReport RunShapes(const EvalOptions& options, int64_t frames) {
  ShapesSource source(kSize, frames);
  ShapesTeacher teacher;
  return Evaluate(source, teacher, Student(), options);
}

TEST(Strategies, AreFoundByName) {
  std::set<std::string_view> names;
  for (const auto* entry : Strategies()) {
    EXPECT_TRUE(names.insert(entry->name).second) << entry->name << " is there twice";
    EXPECT_EQ(&FindStrategy(entry->name), entry);
  }
  try {
    FindStrategy("partiel");
    FAIL() << "an unknown name was found";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("partial, full, wild"), std::string::npos);
  }
}

// From which frame on an update is used, as the client itself reports it.
TEST(ShadowEducation, UsesUpdatesAfterTheDelay) {
  for (const int delay : {1, 3, 7, 8}) {
    ShapesTeacher teacher;
    StrategyInputs inputs{Student(), &teacher, {}};
    inputs.options.delay = delay;
    const auto strategy = FindStrategy("partial").make(inputs);
    LabelMap prediction;
    int key_frame = -1, applied = 0;
    for (int i = 0; i < 40; ++i) {
      const auto outcome = strategy->Process(DrawShapes(kSize, i), i, prediction);
      if (outcome.update_applied) {
        EXPECT_EQ(i, key_frame + delay);
        ++applied;
      }
      if (outcome.key_frame) key_frame = i;
    }
    EXPECT_GE(applied, 1) << "delay " << delay;
  }
}

TEST(ShadowEducation, RefusesDelaysBeyondTheMinimumStride) {
  EvalOptions options;
  options.parameters.delay = 9;
  EXPECT_THROW(RunShapes(options, 1), Error);
  options.parameters.paper.schedule.stride.min_stride = 9;
  EXPECT_NO_THROW(RunShapes(options, 1));
  options.parameters.delay = 0;
  EXPECT_THROW(RunShapes(options, 1), Error);
}

TEST(ShadowEducation, FullSendsTheWholeStudentAndHasNoCut) {
  EvalOptions options;
  options.strategy = "full";
  const EvalReport report = RunShapes(options, 1);
  ASSERT_GT(report.totals.bytes_down, 0u);
  EXPECT_EQ(report.totals.bytes_down, Student()->weights.size() * 4);
  options.parameters.cut = nn::Stage::kDec3;
  EXPECT_THROW(RunShapes(options, 1), Error);
  options.strategy = "partial";
  const size_t trained = Student()->layout->TrainedSize(nn::Stage::kDec3);
  EXPECT_EQ(RunShapes(options, 1).totals.bytes_down, trained * 4);
}

TEST(Evaluate, MeasuresEveryFrameAgainstTheTeacher) {
  EvalOptions options;
  options.strategy = "wild";
  options.per_frame = true;
  const EvalReport report = RunShapes(options, 5);
  ASSERT_EQ(report.frames, 5u);
  ASSERT_EQ(report.miou.size(), 5u);
  const auto student = Student();
  nn::Predictor predictor(nn::PackWeights(*student->layout, student->weights));
  double sum = 0;
  for (uint64_t i = 0; i < 5; ++i) {
    const double expected =
        distill::MeanIoU(predictor.Predict(DrawShapes(kSize, i)), LabelShapes(kSize, i), 3);
    EXPECT_EQ(report.miou[i], expected);
    sum += expected;
  }
  EXPECT_EQ(report.mean_miou, sum / 5);
  EXPECT_EQ(report.totals.key_frames, 0u);
  EXPECT_EQ(report.key_frame_ratio(), 0);
  EXPECT_EQ(report.totals.steps_per_key_frame(), 0);
}

TEST(Evaluate, AsksTheTeacherOncePerFrame) {
  ShapesSource source(kSize, 20);
  ShapesTeacher teacher;
  const EvalReport report = Evaluate(source, teacher, Student(), {});
  EXPECT_GE(report.totals.key_frames, 1u);
  EXPECT_EQ(teacher.asked(), 20);
}

TEST(Evaluate, StopsAtTheLimitAndWhenTold) {
  EvalOptions options;
  options.strategy = "wild";
  options.frames = 3;
  EXPECT_EQ(RunShapes(options, 10).frames, 3u);
  EXPECT_EQ(RunShapes(options, 2).frames, 2u);

  ShapesSource source(kSize, 10);
  ShapesTeacher teacher;
  std::vector<EvalProgress> seen;
  options.frames = 7;
  try {
    Evaluate(source, teacher, Student(), options, [&](const EvalProgress& progress) {
      seen.push_back(progress);
      return progress.frames < 4;
    });
    FAIL() << "it went on";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCancelled);
  }
  ASSERT_EQ(seen.size(), 4u);
  EXPECT_EQ(seen.back().frames_in_all, 7);
}

TEST(Evaluate, SaysWhatIsWrongWithItsInputs) {
  EXPECT_THROW(RunShapes({}, 0), Error);  // no frames

  class Endless : public ShapesSource {
   public:
    Endless() : ShapesSource(kSize, 10) {}
    bool live() const override { return true; }
  } camera;
  ShapesTeacher teacher;
  EXPECT_THROW(Evaluate(camera, teacher, Student(), {}), Error);

  class Forgetful : public ShapesTeacher {
    teacher::Answer Label(ImageView frame, uint64_t index) override {
      if (index == 2) throw Error(ErrorCode::kNotFound, "there is no 000002.png");
      return ShapesTeacher::Label(frame, index);
    }
  } forgetful;
  ShapesSource source(kSize, 10);
  try {
    Evaluate(source, forgetful, Student(), {});
    FAIL() << "a frame without a label was counted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
    EXPECT_NE(std::string(error.what()).find("frame 2 has no label"), std::string::npos);
  }
}

TEST(RememberingTeacher, ForgetsWhenTheFrameChanges) {
  ShapesTeacher teacher;
  RememberingTeacher remembering(teacher);
  Image frame = DrawShapes(kSize, 3);
  EXPECT_EQ(remembering.Label(frame, 3).label, LabelShapes(kSize, 3));
  EXPECT_EQ(remembering.Label(frame, 3).label, LabelShapes(kSize, 3));
  EXPECT_EQ(teacher.asked(), 1);
  frame.row(47)[191] ^= 1;  // the very last byte
  remembering.Label(frame, 3);
  EXPECT_EQ(teacher.asked(), 2);
  EXPECT_EQ(remembering.Label(frame, 4).label, LabelShapes(kSize, 4));
  EXPECT_EQ(teacher.asked(), 3);
}

TEST(Report, HasTheFiguresUnderTheirNames) {
  EvalReport report;
  report.options.strategy = "partial";
  report.options.parameters.delay = 8;
  report.options.per_frame = true;
  report.frames = 200;
  report.mean_miou = 0.725;
  report.totals = {.key_frames = 5,
                   .trained_key_frames = 4,
                   .distillation_steps = 18,
                   .bytes_up = 2 << 20,
                   .bytes_down = 1 << 20};
  report.totals.encode_ms = 15;
  report.totals.server_ms = 60;
  report.totals.delay_frames = 40;
  report.measures = {.first_miou = 0.61,
                     .seconds_to_80 = 2.5,
                     .flicker = 0.0123,
                     .teacher_flicker = 0.004,
                     .new_classes = {.events = 3, .missed = 1, .mean_frames = 5}};
  report.miou = {0.5, 0.25};
  report.key_frame_indices = {0, 8};
  const auto json = nlohmann::json::parse(ReportJson(report));
  EXPECT_EQ(json.at("strategy"), "partial");
  EXPECT_EQ(json.at("delay"), 8);
  EXPECT_EQ(json.at("frames"), 200);
  EXPECT_EQ(json.at("mean_miou"), 0.725);
  EXPECT_EQ(json.at("key_frames"), 5);
  EXPECT_EQ(json.at("key_frame_ratio"), 0.025);
  EXPECT_EQ(json.at("distillation_steps"), 18);
  EXPECT_EQ(json.at("steps_per_key_frame"), 4.5);
  EXPECT_EQ(json.at("bytes_up"), 2 << 20);
  EXPECT_EQ(json.at("bytes_down"), 1 << 20);
  EXPECT_EQ(json.at("encode_ms"), 3);
  EXPECT_EQ(json.at("server_ms"), 12);
  EXPECT_EQ(json.at("mean_delay"), 8);
  EXPECT_EQ(json.at("policy"), "paper");
  EXPECT_EQ(json.at("first_miou"), 0.61);
  EXPECT_TRUE(json.at("seconds_to_85").is_null());
  EXPECT_EQ(json.at("new_classes").at("missed"), 1);
  EXPECT_EQ(json.at("miou").size(), 2u);
  EXPECT_EQ(json.at("key_frame_indices").at(1), 8);

  const std::string table = ReportTable(report);
  for (const char* part : {"72.50 %", "5 (2.50 %)", "18 (4.50", "2.000 MiB, 1.000 MiB", "8 frames",
                           "paper", "12.0 ms", "61.00 %", "2.5 s, never", "1.230 %", "0.400 %",
                           "3, 1 of them missed", "after 5.0 frames"}) {
    EXPECT_NE(table.find(part), std::string::npos) << part << " is missing in\n" << table;
  }

  report.options.parameters.delay = kDelayAuto;
  report.options.parameters.timing.step_ms = 7;
  const auto in_real_time = nlohmann::json::parse(ReportJson(report));
  EXPECT_EQ(in_real_time.at("delay"), "auto");
  EXPECT_EQ(in_real_time.at("step_ms"), 7);
  EXPECT_TRUE(in_real_time.at("teacher_ms").is_null());
  EXPECT_NE(ReportTable(report).find("when the server has it (after 8.0 frames)"),
            std::string::npos);
}

}  // namespace
}  // namespace shadowtutor::eval
