#include "nn/network.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "nn/testing/parameters.h"

namespace shadowtutor::nn {
namespace {

ClassList Names(int count) {
  ClassList classes;
  for (int i = 0; i < count; ++i)
    classes.push_back({std::string("c").append(std::to_string(i)), {}});
  return classes;
}

ErrorCode CodeOf(const NetworkSpec& spec) {
  try {
    NetworkLayout layout(spec);
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::kInternal;
}

TEST(NetworkLayout, HasThePublishedCounts) {
  const NetworkLayout layout(NetworkSpec{});
  EXPECT_EQ(layout.size(), 483873u);
  EXPECT_EQ(layout.TrainedSize(kPartialDistillation), 103465u);
  EXPECT_EQ(layout.TrainedSize(kFullDistillation), layout.size());
  EXPECT_EQ(layout.TrainedOffset(kPartialDistillation), layout.size() - 103465u);
}

TEST(NetworkLayout, ParametersLieEndToEndInStageOrder) {
  const NetworkLayout layout(NetworkSpec{});
  size_t offset = 0;
  Stage stage = Stage::kInConv1;
  std::set<std::string> names;
  for (const auto& info : layout.parameters()) {
    EXPECT_EQ(info.offset, offset) << info.name;
    size_t count = 1;
    for (const int side : info.shape) count *= static_cast<size_t>(side);
    EXPECT_EQ(info.count, count) << info.name;
    EXPECT_GE(info.stage, stage) << info.name;
    EXPECT_EQ(info.name.rfind(StageName(info.stage), 0), 0u) << info.name;
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    stage = info.stage;
    offset += count;
  }
  EXPECT_EQ(offset, layout.size());
}

TEST(NetworkLayout, OnlyBlocksThatChangeTheirWidthHaveAShortPath) {
  const NetworkLayout layout(NetworkSpec{});
  EXPECT_EQ(layout.Find("enc1.short_path.weight").shape, (std::vector<int>{64, 8, 1, 1}));
  EXPECT_THROW(layout.Find("enc2.short_path.weight"), Error);
  EXPECT_EQ(layout.Find("dec2.long_path.0.weight").shape, (std::vector<int>{32, 128, 3, 3}));
  EXPECT_EQ(layout.Find("dec3.long_path.2.weight").shape, (std::vector<int>{32, 32, 1, 3}));
  EXPECT_EQ(layout.Find("dec3.long_path.3.weight").shape, (std::vector<int>{32, 32, 3, 1}));
}

TEST(NetworkLayout, FurtherBlocksFollowTheirStagesFirst) {
  NetworkSpec spec;
  spec.depth = 3;
  const NetworkLayout layout(spec), published(NetworkSpec{});
  // Without the parameters of further blocks, this is the published list. Further blocks keep the
  // channels of their stage and have no short path.
  std::vector<std::string> names, more;
  size_t offset = 0;
  Stage stage = Stage::kInConv1;
  int block = 0;
  for (const auto& info : layout.parameters()) {
    EXPECT_EQ(info.offset, offset) << info.name;
    EXPECT_GE(info.stage, stage) << info.name;
    stage = info.stage;
    offset += info.count;
    const bool in_block = info.stage >= Stage::kEnc1 && info.stage <= Stage::kDec3;
    ASSERT_EQ(info.block >= 0, in_block) << info.name;
    if (in_block) {
      EXPECT_GE(info.block, block) << info.name;
      block = info.block;
      const BlockInfo& owner = layout.blocks()[static_cast<size_t>(block)];
      EXPECT_EQ(owner.stage, info.stage) << info.name;
      const std::string start = BlockName(owner.stage, owner.index_in_stage) + ".";
      EXPECT_EQ(info.name.rfind(start, 0), 0u) << info.name;
    }
    (info.name.find(".more.") == std::string::npos ? names : more).push_back(info.name);
  }
  EXPECT_EQ(offset, layout.size());
  ASSERT_EQ(names.size(), published.parameters().size());
  for (size_t i = 0; i < names.size(); ++i) EXPECT_EQ(names[i], published.parameters()[i].name);
  EXPECT_EQ(more.size(), 6u * 2 * 8);
  EXPECT_EQ(layout.Find("dec2.more.2.long_path.0.weight").shape, (std::vector<int>{32, 32, 3, 3}));
  EXPECT_THROW(layout.Find("dec2.more.1.short_path.weight"), Error);
  EXPECT_THROW(layout.Find("dec2.more.3.long_path.0.weight"), Error);
}

TEST(NetworkLayout, RefusesDepthsOutsideTheEngine) {
  NetworkSpec spec;
  for (const int depth : {-1, 0, kMaxDepth + 1}) {
    spec.depth = depth;
    EXPECT_EQ(CodeOf(spec), ErrorCode::kInvalidArgument) << depth;
    EXPECT_THROW(ScaledSpec(9, 1, depth), Error) << depth;
  }
  EXPECT_EQ(ScaledSpec(9, 1, 2).depth, 2);
}

// A further block of c channels has a norm and 3x3, 1x3 and 3x1 convolutions with biases.
TEST(NetworkLayout, ADeeperStudentsPartIsStillASuffix) {
  const auto further = [](size_t c) { return 2 * c + 15 * c * c + 3 * c; };
  const NetworkLayout published(NetworkSpec{}), deep(ScaledSpec(9, 1, 2));
  EXPECT_EQ(deep.size(), published.size() + 3 * further(64) + further(128) + 2 * further(32));
  EXPECT_EQ(deep.TrainedSize(kPartialDistillation),
            published.TrainedSize(kPartialDistillation) + 2 * further(32));
  EXPECT_EQ(deep.TrainedOffset(kPartialDistillation),
            deep.Find("dec2.preact_path.0.weight").offset);
}

TEST(NetworkLayout, RefusesChannelCountsOutsideTheEngine) {
  NetworkSpec spec;
  spec.enc1 = 24;
  EXPECT_EQ(CodeOf(spec), ErrorCode::kInvalidArgument);
  spec = {};
  spec.in_conv1 = 6;
  EXPECT_EQ(CodeOf(spec), ErrorCode::kInvalidArgument);
  spec = {};
  spec.out = 0;
  EXPECT_EQ(CodeOf(spec), ErrorCode::kInvalidArgument);
  spec = {};
  spec.classes = 1;
  EXPECT_EQ(CodeOf(spec), ErrorCode::kInvalidArgument);
  spec.classes = kMaxClasses + 1;
  EXPECT_EQ(CodeOf(spec), ErrorCode::kInvalidArgument);
}

TEST(Stage, NamesAndParsingAgree) {
  for (int i = 0; i < kStages; ++i) {
    const auto stage = static_cast<Stage>(i);
    EXPECT_EQ(ParseStage(StageName(stage)), stage);
  }
  EXPECT_THROW(ParseStage("dec4"), Error);
}

TEST(FreshStudent, IsKaimingNormalWithPlainNormsAndNoBias) {
  const Checkpoint student = FreshStudent(Names(9), 8, 1);
  for (const auto& info : student.layout->parameters()) {
    const auto values = Parameter(student, info.name);
    if (info.shape.size() == 1) {
      const bool scale = info.name.find("preact_path.0.weight") != std::string::npos;
      for (const float v : values) ASSERT_EQ(v, scale ? 1.0f : 0.0f) << info.name;
      continue;
    }
    const double variance = 2.0 / (info.shape[1] * info.shape[2] * info.shape[3]);
    double sum = 0, squares = 0;
    for (const float v : values) {
      sum += v;
      squares += static_cast<double>(v) * v;
    }
    // Five standard deviations of the estimates over `count` draws.
    const double count = static_cast<double>(info.count);
    EXPECT_NEAR(sum / count, 0.0, 5 * std::sqrt(variance / count)) << info.name;
    EXPECT_NEAR(squares / count / variance, 1.0, 5 * std::sqrt(2.0 / count)) << info.name;
  }
}

TEST(FreshStudent, DependsOnTheSeedAlone) {
  const Checkpoint one = FreshStudent(Names(3), -1, 7);
  EXPECT_EQ(one.weights, FreshStudent(Names(3), -1, 7).weights);
  EXPECT_NE(one.weights, FreshStudent(Names(3), -1, 8).weights);
}

TEST(FreshStudent, RefusesListsThatDoNotFit) {
  EXPECT_THROW(FreshStudent(Names(1), -1, 0), Error);
  EXPECT_THROW(FreshStudent(Names(3), 3, 0), Error);
  EXPECT_THROW(FreshStudent(NetworkSpec{}, Names(3), -1, 0), Error);
}

TEST(WithFreshHead, KeepsAllButTheLastLayer) {
  const Checkpoint old = FreshStudent(Names(9), 8, 1);
  const Checkpoint other = WithFreshHead(old, Names(4), 0, 2);
  EXPECT_EQ(other.layout->spec().classes, 4);
  EXPECT_EQ(other.classes, Names(4));
  EXPECT_EQ(other.background, 0);
  for (const auto& info : other.layout->parameters()) {
    if (info.stage == Stage::kOutConv3) continue;
    const auto a = Parameter(old, info.name), b = Parameter(other, info.name);
    EXPECT_TRUE(std::equal(a.begin(), a.end(), b.begin(), b.end())) << info.name;
  }
  EXPECT_NE(Parameter(other, "out_conv3.weight")[0], Parameter(old, "out_conv3.weight")[0]);
}

TEST(ScaledSpec, OneIsThePublishedNetwork) { EXPECT_EQ(ScaledSpec(9, 1), NetworkSpec()); }

TEST(ScaledSpec, HalfAndDoubleScaleEveryCount) {
  const NetworkSpec published;
  for (const double width : {0.5, 2.0}) {
    const NetworkSpec spec = ScaledSpec(3, width);
    EXPECT_EQ(spec.classes, 3);
    const std::vector<std::pair<int, int>> counts = {{spec.in_conv1, published.in_conv1},
                                                     {spec.in_conv2, published.in_conv2},
                                                     {spec.enc1, published.enc1},
                                                     {spec.enc2, published.enc2},
                                                     {spec.enc3, published.enc3},
                                                     {spec.dec1, published.dec1},
                                                     {spec.dec2, published.dec2},
                                                     {spec.dec3, published.dec3},
                                                     {spec.out, published.out}};
    for (const auto& [scaled, original] : counts) EXPECT_EQ(scaled, original * width);
  }
}

TEST(ScaledSpec, OtherWidthsAreRoundedToWhatTheEngineComputes) {
  for (const double width : {0.25, 0.3, 0.7, 1.3, 1.9}) {
    EXPECT_NO_THROW(NetworkLayout(ScaledSpec(2, width))) << width;
  }
  for (const double width : {0.0, 0.2, 2.1, -1.0, std::nan("")}) {
    EXPECT_THROW(ScaledSpec(2, width), Error) << width;
  }
}

}  // namespace
}  // namespace shadowtutor::nn
