#include "eval/plan/plan_inputs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "core/atomic_file.h"
#include "eval/plan/bounds.h"
#include "nn/checkpoint_io.h"
#include "shadowtutor/types.h"
#include "video/image_png.h"
#include "video/label_png.h"
#include "video/testing/test_files.h"

namespace shadowtutor::eval {
namespace {

namespace fs = std::filesystem;

SystemDescription Given() {
  SystemDescription system;
  system.student_ms = 100;
  system.step_ms = 10;
  system.teacher_ms = 50;
  system.bandwidths = {80e6};
  system.min_strides = {8};
  system.max_strides = {64};
  return system;
}

const PlanInput& InputOf(const PlanRequest& request, const std::string& key) {
  const auto found = std::find_if(request.inputs.begin(), request.inputs.end(),
                                  [&](const PlanInput& input) { return input.key == key; });
  if (found == request.inputs.end()) throw Error(ErrorCode::kInternal, "there is no " + key);
  return *found;
}

class PlanFiles : public ::testing::Test {
 protected:
  PlanFiles() {
    fs::create_directories(folder_ / "clip");
    fs::create_directories(folder_ / "labels");
    for (int i = 0; i < 11; ++i) {
      const std::string name = video::LabelFileName(i);
      WriteFileAtomically(folder_ / "clip" / name, video::EncodeImagePng(Image(64, 48)));
      WriteFileAtomically(folder_ / "labels" / name, video::EncodeLabelPng(LabelMap(64, 48, 1)));
    }
    WriteFileAtomically(folder_ / "card.yaml",
                        "kind: replay\nfolder: labels\nclasses: [thing, background]\n");
  }
  const testing::TemporaryFolder folder_;
};

TEST(PlanInputs, WhatFollowsFromTheRestIsDerived) {
  const PlanRequest request = CollectInputs(Given(), {});
  EXPECT_DOUBLE_EQ(request.costs.t_si, 0.1);
  EXPECT_DOUBLE_EQ(request.costs.t_sd, 0.01);
  EXPECT_DOUBLE_EQ(request.costs.t_ti, 0.05);
  EXPECT_EQ(request.costs.bytes_up, 1280 * 720 * 3);
  EXPECT_EQ(request.naive_bytes_up, 1280 * 720 * 3);
  EXPECT_EQ(request.naive_bytes_down, 1280 * 720);
  EXPECT_EQ(request.costs.least_bytes_down, 0);
  EXPECT_EQ(request.costs.latency, 0);
  EXPECT_FALSE(request.frames);
  EXPECT_EQ(InputOf(request, "student_ms").origin, "given");
  EXPECT_EQ(InputOf(request, "bytes_up").origin, "derived");
  EXPECT_EQ(InputOf(request, "least_bytes_down").origin, "default");
  EXPECT_EQ(InputOf(request, "max_updates").origin, "default");
}

TEST(PlanInputs, CodecCutAndClassesSayWhatAnUpdateWeighs) {
  SystemDescription system = Given();
  const double partial = CollectInputs(system, {}).costs.bytes_down;
  system.update_codec = wire::UpdateCodec::kFp16;
  const double half = CollectInputs(system, {}).costs.bytes_down;
  EXPECT_LT(half, 0.51 * partial);
  EXPECT_GT(half, 0.49 * partial);
  system = Given();
  system.cut = nn::kFullDistillation;
  EXPECT_GT(CollectInputs(system, {}).costs.bytes_down, 2 * partial);
  system = Given();
  system.classes = 2;
  EXPECT_LT(CollectInputs(system, {}).costs.bytes_down, partial);
}

TEST(PlanInputs, WhatIsGivenIsTaken) {
  SystemDescription system = Given();
  system.bytes_up = 300e3;
  system.bytes_down = 400e3;
  system.size = FrameSize{640, 480};
  system.always_send = true;
  system.latency_ms = 20;
  system.frames = 300;
  system.clients = 3;
  system.max_updates = 4;
  const PlanRequest request = CollectInputs(system, {});
  EXPECT_EQ(request.costs.bytes_up, 300e3);
  EXPECT_EQ(request.costs.bytes_down, 400e3);
  EXPECT_EQ(request.costs.least_bytes_down, 400e3);
  EXPECT_EQ(request.naive_bytes_down, 640 * 480);
  EXPECT_DOUBLE_EQ(request.costs.latency, 0.02);
  EXPECT_EQ(request.frames, 300u);
  EXPECT_EQ(request.clients, 3);
  EXPECT_EQ(request.costs.max_updates, 4);
  EXPECT_EQ(InputOf(request, "max_updates").origin, "given");
}

TEST(PlanInputs, WhatIsMissingIsNamed) {
  using enum PlanNeed;
  EXPECT_TRUE(MissingInputs(Given()).empty());
  EXPECT_EQ(MissingInputs({}), (std::vector{kStudentTime, kStepTime, kTeacherTime}));
  SystemDescription system;
  system.measure = true;
  EXPECT_EQ(MissingInputs(system), std::vector{kTeacherTime});
  system.teacher = "card.yaml";
  EXPECT_TRUE(MissingInputs(system).empty());
  system.frame_codec = wire::FrameCodec::kJpeg;
  EXPECT_EQ(MissingInputs(system), std::vector{kKeyFrameBytes});
  system.bytes_up = 1e5;
  EXPECT_TRUE(MissingInputs(system).empty());
  EXPECT_THROW(CollectInputs({}, {}), Error);
}

TEST_F(PlanFiles, WhatIsNotGivenIsMeasured) {
  SystemDescription system = Given();
  system.step_ms.reset();
  system.teacher_ms.reset();
  system.measure = true;
  system.seconds = 0;
  system.teacher = folder_ / "card.yaml";
  system.source = folder_ / "clip";
  system.frame_codec = wire::FrameCodec::kJpeg;
  system.cut = nn::kFullDistillation;
  std::vector<StudentTiming> timings;
  std::string log;
  const PlanTools tools{.time_student =
                            [&](const StudentTiming& timing) {
                              timings.push_back(timing);
                              return StudentTimes{7, 21, "an abacus"};
                            },
                        .stop = {},
                        .log = [&](const std::string& line) { log += line + "\n"; }};
  const PlanRequest request = CollectInputs(system, tools);
  ASSERT_EQ(timings.size(), 1u);
  EXPECT_EQ(timings[0].size, (FrameSize{64, 48}));
  EXPECT_EQ(timings[0].cut, nn::kFullDistillation);
  EXPECT_EQ(timings[0].student, nullptr);
  EXPECT_DOUBLE_EQ(request.costs.t_si, 0.1);  // given all the same
  EXPECT_DOUBLE_EQ(request.costs.t_sd, 0.021);
  EXPECT_EQ(InputOf(request, "step_ms").note, "at 64x48, an abacus, from in_conv1 on");
  EXPECT_EQ(InputOf(request, "teacher_ms").origin, "measured");
  EXPECT_EQ(InputOf(request, "bytes_up").origin, "measured");
  EXPECT_LT(request.costs.bytes_up, 64 * 48 * 3);
  EXPECT_EQ(request.naive_bytes_down, 64 * 48);
  EXPECT_EQ(log, "measuring the student\nmeasuring the teacher\n");
}

TEST_F(PlanFiles, AStudentBringsItsClasses) {
  const fs::path file = folder_ / "student.safetensors";
  nn::SaveCheckpoint(nn::FreshStudent({.classes = 2}, {{"thing", {}}, {"background", {}}}, 1, 1),
                     file, nn::WeightType::kF32);
  SystemDescription system = Given();
  system.student = file;
  const double with_file = CollectInputs(system, {}).costs.bytes_down;
  system.student.clear();
  system.classes = 2;
  EXPECT_EQ(with_file, CollectInputs(system, {}).costs.bytes_down);
}

TEST_F(PlanFiles, TwoSizesAreOneTooMany) {
  SystemDescription system = Given();
  system.source = folder_ / "clip";
  system.size = FrameSize{64, 48};
  EXPECT_EQ(CollectInputs(system, {}).costs.bytes_up, 64 * 48 * 3);
  system.size = FrameSize{640, 480};
  try {
    CollectInputs(system, {});
    ADD_FAILURE() << "it was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(std::string(error.what()).find("64x48"), std::string::npos) << error.what();
  }
}

TEST_F(PlanFiles, StopsWhenAsked) {
  SystemDescription system = Given();
  system.source = folder_ / "clip";
  const PlanTools tools{.time_student = {}, .stop = [] { return true; }, .log = {}};
  EXPECT_EQ(testing::ErrorOf([&] { CollectInputs(system, tools); }).code(), ErrorCode::kCancelled);
}

}  // namespace
}  // namespace shadowtutor::eval
