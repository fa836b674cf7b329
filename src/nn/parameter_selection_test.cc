#include "nn/parameter_selection.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace shadowtutor::nn {
namespace {

const NetworkLayout& Layout() {
  static const NetworkLayout layout(NetworkSpec{});
  return layout;
}

std::vector<float> Numbered() {
  std::vector<float> weights(Layout().size());
  std::iota(weights.begin(), weights.end(), 0.0f);
  return weights;
}

TEST(ParameterSelection, AllKindsAreTheSuffixFromTheCut) {
  const ParameterSelection selection(Layout(), kPartialDistillation, ParameterKinds::kAll);
  ASSERT_EQ(selection.ranges().size(), 1u);
  EXPECT_EQ(selection.ranges()[0].begin, Layout().TrainedOffset(kPartialDistillation));
  EXPECT_EQ(selection.size(), Layout().TrainedSize(kPartialDistillation));
}

TEST(ParameterSelection, NormsLeaveOutTheWeightsOfConvolutionsButTheLast) {
  const ParameterSelection selection(Layout(), kFullDistillation, ParameterKinds::kNorms);
  size_t expected = 0;
  for (const ParameterInfo& parameter : Layout().parameters()) {
    const bool selected = parameter.shape.size() == 1 || parameter.name == "out_conv3.weight";
    if (selected) expected += parameter.count;
    const bool found =
        std::any_of(selection.ranges().begin(), selection.ranges().end(),
                    [&](const ParameterSelection::Range& range) {
                      return range.begin <= parameter.offset &&
                             parameter.offset + parameter.count <= range.begin + range.count;
                    });
    EXPECT_EQ(found, selected) << parameter.name;
  }
  EXPECT_EQ(selection.size(), expected);
  EXPECT_LT(selection.size() * 50, Layout().size());
}

TEST(ParameterSelection, ScatterIsGathersInverseAndLeavesTheRestAlone) {
  const ParameterSelection selection(Layout(), Stage::kEnc2, ParameterKinds::kNorms);
  const std::vector<float> weights = Numbered();
  std::vector<float> values = selection.Gather(weights);
  ASSERT_EQ(values.size(), selection.size());
  EXPECT_TRUE(std::is_sorted(values.begin(), values.end()));
  EXPECT_GE(values.front(), static_cast<float>(Layout().TrainedOffset(Stage::kEnc2)));
  for (float& value : values) value = -value;
  std::vector<float> changed = weights;
  selection.Scatter(values, changed);
  EXPECT_EQ(selection.Gather(changed), values);
  size_t different = 0;
  for (size_t i = 0; i < weights.size(); ++i) different += changed[i] != weights[i];
  EXPECT_EQ(different, selection.size());
}

TEST(ParameterSelection, NamesAndErrors) {
  EXPECT_EQ(ParseParameterKinds("norms"), ParameterKinds::kNorms);
  EXPECT_EQ(ParseParameterKinds("all"), ParameterKinds::kAll);
  EXPECT_THROW(ParseParameterKinds("some"), Error);
  const ParameterSelection selection(Layout(), kFullDistillation, ParameterKinds::kNorms);
  std::vector<float> weights = Numbered();
  EXPECT_THROW(selection.Scatter(std::vector<float>(3), weights), Error);
}

}  // namespace
}  // namespace shadowtutor::nn
