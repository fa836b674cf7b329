// Compares with figures from the original implementation. Skipped where the developers' data folder
// is missing.
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "distill/key_frame_stride.h"
#include "distill/loss_weights.h"
#include "distill/miou.h"

namespace shadowtutor::distill {
namespace {

class OriginalLogic : public testing::Test {
 protected:
  void SetUp() override {
    const std::filesystem::path file = SHADOWTUTOR_SOURCE_DIR "/../shared/golden/logic.json";
    if (!std::filesystem::exists(file)) GTEST_SKIP() << "no ../shared/golden/logic.json here";
    cases_ = nlohmann::json::parse(std::ifstream(file));
  }

  static LabelMap Map(const nlohmann::json& test, const char* key) {
    LabelMap map(test.at("w"), test.at("h"));
    map.labels() = test.at(key).get<std::vector<uint8_t>>();
    return map;
  }

  nlohmann::json cases_;
};

TEST_F(OriginalLogic, StrideEdges) {
  ASSERT_FALSE(cases_.at("stride_edges").empty());
  for (const auto& test : cases_.at("stride_edges")) {
    EXPECT_EQ(NextStride(test.at("current"), test.at("acc"), {}), test.at("next").get<int>())
        << test;
  }
}

TEST_F(OriginalLogic, StrideSequences) {
  ASSERT_FALSE(cases_.at("stride_sequences").empty());
  for (const auto& sequence : cases_.at("stride_sequences")) {
    int stride = StrideOptions{}.min_stride;
    std::vector<int> strides;
    for (const double metric : sequence.at("acc")) {
      stride = NextStride(stride, metric, {});
      strides.push_back(stride);
    }
    EXPECT_EQ(strides, sequence.at("stride").get<std::vector<int>>());
  }
}

TEST_F(OriginalLogic, MeanIoU) {
  ASSERT_FALSE(cases_.at("miou").empty());
  for (const auto& test : cases_.at("miou")) {
    // The original adds in single precision, this code in double, so the last bits differ.
    EXPECT_NEAR(MeanIoU(Map(test, "pred"), Map(test, "label"), test.at("classes")),
                test.at("miou").get<double>(), 6e-8);
  }
}

TEST_F(OriginalLogic, LossWeights) {
  ASSERT_FALSE(cases_.at("loss_mask").empty());
  for (const auto& test : cases_.at("loss_mask")) {
    const LabelMap label = Map(test, "label");
    const auto weights =
        distill::LossWeights(label.size(), ComponentBoxes(label, test.at("bg").get<int>()));
    std::vector<size_t> toggles;
    float before = 1;
    for (size_t i = 0; i < weights.size(); ++i) {
      if (weights[i] != before) toggles.push_back(i);
      before = weights[i];
    }
    if (before != 1) toggles.push_back(weights.size());
    EXPECT_EQ(toggles, test.at("five_rle").get<std::vector<size_t>>());
  }
}

}  // namespace
}  // namespace shadowtutor::distill
