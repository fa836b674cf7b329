#include "app/device_benchmark.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "nn/operation_count.h"

namespace shadowtutor::app {
namespace {

DeviceBenchmarkOptions Small() {
  DeviceBenchmarkOptions options;
  options.size = {61, 40};
  options.seconds = 0;
  return options;
}

TEST(DeviceBenchmark, MeasuresAllThree) {
  DeviceBenchmarkOptions options = Small();
  options.threads = 1;
  const DeviceBenchmark result = RunDeviceBenchmark(options);
  EXPECT_GT(result.inference_ms, 0);
  EXPECT_GT(result.partial_step_ms, result.inference_ms / 10);
  EXPECT_GT(result.balanced_step_ms, result.inference_ms / 10);
  EXPECT_GT(result.full_step_ms, result.inference_ms / 10);
  const auto json = nlohmann::json::parse(ToJson(result));
  EXPECT_EQ(json["threads"], 1);
  EXPECT_EQ(json["size"], "61x40");
  EXPECT_EQ(json["isa"], result.isa);
  for (const char* key :
       {"inference_ms", "partial_step_ms", "balanced_step_ms", "full_step_ms", "peak_rss_mb"}) {
    EXPECT_TRUE(json[key].is_number()) << key;
  }
  EXPECT_NE(ToText(result).find("61x40, 1 thread,"), std::string::npos);
}

TEST(DeviceBenchmark, RefusesWhatItCannotRun) {
  DeviceBenchmarkOptions options = Small();
  options.size = {0, 40};
  EXPECT_THROW(RunDeviceBenchmark(options), Error);
  options = Small();
  options.threads = -1;
  EXPECT_THROW(RunDeviceBenchmark(options), Error);
  options = Small();
  options.interrupted = [] { return true; };
  EXPECT_THROW(RunDeviceBenchmark(options), Error);
}

TEST(OperationCount, IsThePublishedNetworks) {
  // 6208 million at 1280x720 with 9 classes.
  EXPECT_NEAR(nn::PublishedMultiplyAdds({}, {1280, 720}) * 1e-6, 6208, 1);
}

}  // namespace
}  // namespace shadowtutor::app
