#include "eval/plan/system_plan.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "eval/plan/plan_measurements.h"
#include "shadowtutor/types.h"
#include "teacher/testing/counting_teacher.h"

namespace shadowtutor::eval {
namespace {

PlanRequest Request() {
  PlanRequest request;
  request.costs.t_si = 0.1;
  request.costs.t_sd = 0.01;
  request.costs.t_ti = 0.05;
  request.costs.bytes_up = 1e6;
  request.costs.bytes_down = 250e3;
  request.costs.least_bytes_down = 0;
  request.naive_bytes_up = 1e6;
  request.naive_bytes_down = 333e3;
  request.bandwidths = {80e6};
  request.min_strides = {8};
  request.max_strides = {64};
  request.inputs = {{"student_ms", "student, one frame", 100, "ms", "given", ""},
                    {"bytes_up", "key frame up", 1e6, "bytes", "derived", "so \"and\" \xff"}};
  return request;
}

TEST(Plan, HasARowForEveryStrideAndBandwidth) {
  PlanRequest request = Request();
  request.bandwidths = {80e6, 8e6};
  request.min_strides = {4, 8, 100};
  request.max_strides = {4, 64};
  const Plan plan = MakePlan(request);
  // 4-4, 4-64 and 8-64; nothing with a minimum over its maximum.
  ASSERT_EQ(plan.rows.size(), 6u);
  EXPECT_EQ(plan.rows[5].costs.min_stride, 8);
  EXPECT_EQ(plan.rows[5].costs.max_stride, 64);
  EXPECT_EQ(plan.rows[5].costs.bandwidth, 8e6);
  EXPECT_EQ(plan.rows[5].bounds.throughput.upper, BoundsOf(plan.rows[5].costs).throughput.upper);
  EXPECT_GT(plan.rows[4].naive.throughput.lower, plan.rows[5].naive.throughput.lower);
}

TEST(Plan, RefusesWhatMakesNoSense) {
  PlanRequest request = Request();
  request.min_strides = {65};
  EXPECT_THROW(MakePlan(request), Error);
  request.max_strides = {32, 64};
  EXPECT_THROW(MakePlan(request), Error);
  request = Request();
  request.bandwidths = {0};
  EXPECT_THROW(MakePlan(request), Error);
  request.bandwidths.clear();
  EXPECT_THROW(MakePlan(request), Error);
  request = Request();
  request.clients = 0;
  EXPECT_THROW(MakePlan(request), Error);
  request = Request();
  request.bandwidths.assign(5000, 1e6);
  EXPECT_THROW(MakePlan(request), Error);
}

TEST(Plan, EnoughBandwidthIsWhereTheNetworkHides) {
  SystemCosts costs = Request().costs;
  const auto enough = EnoughBandwidth(costs);
  ASSERT_TRUE(enough);
  costs.bandwidth = *enough;
  EXPECT_NEAR(NetworkSeconds(costs) + costs.t_ti, costs.min_stride * costs.t_si, 1e-9);
  costs.bandwidth = 2 * *enough;
  EXPECT_DOUBLE_EQ(StrideStartSeconds(costs).lower, costs.min_stride * costs.t_si);
  costs.t_ti = 0.8;
  EXPECT_FALSE(EnoughBandwidth(costs));
}

TEST(Plan, ClientsFillTheServer) {
  const ClientRange clients = SustainedClients({0.01, 0.25});
  EXPECT_EQ(clients.most_demanding, 4);
  EXPECT_EQ(clients.least_demanding, 100);
  EXPECT_EQ(SustainedClients({0, 1}).least_demanding, 1e6);
  EXPECT_EQ(SustainedClients({0, 1}).most_demanding, 1);
}

TEST(Plan, TextAndJsonSayTheSame) {
  PlanRequest request = Request();
  request.frames = 300;
  request.clients = 1000;
  const Plan plan = MakePlan(request);
  const std::string text = PlanText(plan);
  EXPECT_NE(text.find("student, one frame"), std::string::npos);
  EXPECT_NE(text.find("100.0 ms   given"), std::string::npos) << text;
  EXPECT_NE(text.find("976.6 KiB   derived: so"), std::string::npos) << text;
  EXPECT_NE(text.find("more clients than it can teach"), std::string::npos);
  const auto json = nlohmann::json::parse(PlanJson(plan));
  EXPECT_EQ(json["inputs"][0]["value"], 100);
  EXPECT_EQ(json["inputs"][0]["origin"], "given");
  ASSERT_EQ(json["rows"].size(), 1u);
  const auto& row = json["rows"][0];
  EXPECT_EQ(row["bandwidth_mbit"], 80);
  EXPECT_DOUBLE_EQ(row["bounds"]["fps"][1], plan.rows[0].bounds.throughput.upper);
  EXPECT_LE(row["run_bounds"]["fps"][0], row["bounds"]["fps"][0]);
  EXPECT_EQ(json["frames"], 300);
}

class Clip : public video::Source {
 public:
  explicit Clip(int frames) : left_(frames) {}
  bool Read(Image& frame) override {
    if (left_-- <= 0) return false;
    frame = Image(64, 48);
    return true;
  }
  FrameSize size() const override { return {64, 48}; }
  double frames_per_second() const override { return 0; }
  int64_t frame_count() const override { return -1; }
  bool live() const override { return false; }

 private:
  int left_;
};

TEST(PlanMeasurements, SeeEverySampledFrame) {
  Clip clip(35);
  const auto samples = SampleFrames(clip, 20, 10, {});
  ASSERT_EQ(samples.size(), 4u);
  EXPECT_EQ(samples[3].index, 30u);
  teacher::CountingTeacher teacher;
  EXPECT_GE(MeasureTeacher(teacher, samples, 0, {}), 0);
  ASSERT_GE(teacher.asked.size(), 5u);
  EXPECT_EQ(teacher.asked[1], 0u);
  EXPECT_EQ(teacher.asked[4], 30u);
  EXPECT_GT(MeanKeyFrameBytes(samples, wire::FrameCodec::kJpeg, {}), 100);
  EXPECT_LT(MeanKeyFrameBytes(samples, wire::FrameCodec::kJpeg, {}), 64 * 48 * 3);
}

TEST(PlanMeasurements, StopWhenAsked) {
  Clip clip(35), none(0);
  EXPECT_THROW(SampleFrames(none, 20, 10, {}), Error);
  EXPECT_THROW(SampleFrames(clip, 20, 10, [] { return true; }), Error);
  teacher::CountingTeacher teacher;
  EXPECT_THROW(MeasureTeacher(teacher, {{Image(8, 8), 0}}, 1, [] { return true; }), Error);
}

}  // namespace
}  // namespace shadowtutor::eval
