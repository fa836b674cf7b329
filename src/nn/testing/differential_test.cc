#include "nn/testing/differential.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "nn/kernels/isa.h"

namespace shadowtutor::nn::differential {
namespace {

class Differential : public testing::TestWithParam<Family> {};

// Runs some of the seeds. A failure names its seed.
void RunSeeds(const Family& family, uint64_t first, uint64_t count) {
  for (uint64_t seed = first; seed < first + count; ++seed) {
    Draw draw(seed);
    const Outcome outcome = Run(family, draw);
    EXPECT_EQ(Complaint(family, outcome), "") << "seed " << seed;
  }
}

// Few seeds, for emulators, which are slow.
TEST_P(Differential, AFewSeeds) { RunSeeds(GetParam(), 0, 10); }
TEST_P(Differential, HundredsOfSeeds) { RunSeeds(GetParam(), 10, 290); }

// Cases from bytes, as a fuzzer gives them.
TEST_P(Differential, ABytesCase) {
  for (int byte = 0; byte < 256; byte += 5) {
    const std::vector<uint8_t> bytes(40, static_cast<uint8_t>(byte));
    Draw draw(bytes);
    EXPECT_EQ(Complaint(GetParam(), differential::Run(GetParam(), draw)), "") << "byte " << byte;
  }
}

constexpr Family kComposedStem = {"ComposedStem", StemComposed, 2e-6};

void CheckComposedStem(int width, int height) {
  Draw draw(static_cast<uint64_t>(10000 * height + width));
  SelectInstructionSet();
  EXPECT_EQ(Complaint(kComposedStem, ComposedStemOfSize(draw, width, height)), "");
}

// All small frames: every way in which the frame's edges can lie to the stem's strides.
TEST(ComposedStem, EverySmallSize) {
  for (int height = 1; height <= 20; ++height) {
    for (int width = 1; width <= 20; ++width) CheckComposedStem(width, height);
  }
}

// Frames around the widths at which one more window of columns begins, and tall ones, which take
// several strips and chunks of rows.
TEST(ComposedStem, SeveralWindowsStripsAndChunks) {
  for (const int width : {192, 384, 1280, 2560}) {
    for (int more = -4; more <= 4; ++more) CheckComposedStem(width + more, 6 + (more + 4) % 4);
  }
  for (int height = 317; height <= 323; ++height) CheckComposedStem(9, height);
  CheckComposedStem(1290, 90);
}

INSTANTIATE_TEST_SUITE_P(Kernels, Differential,
                         testing::ValuesIn(Families().begin(), Families().end()),
                         [](const auto& info) { return std::string(info.param.name); });

// Tests that the comparison itself finds errors.

constexpr Family kStrict = {"Strict", nullptr, 1e-6};

TEST(Outcome, AnErrorIsAShareOfTheLargestTerms) {
  Outcome outcome;
  const std::vector<float> values = {1.0f, 2.5f};
  outcome.Compare("numbers", values, std::array{1.0, 2.0}, std::array{1.0, 5.0});
  EXPECT_DOUBLE_EQ(outcome.error, 0.1);
  EXPECT_EQ(outcome.tensor, "numbers");
  EXPECT_NE(Complaint(kStrict, outcome), "");
}

TEST(Outcome, NaNAndAWrongSizeAreErrors) {
  Outcome nan;
  const std::vector<float> values = {1.0f, NAN};
  nan.Compare("numbers", values, std::array{1.0, 2.0}, std::array{1.0, 5.0});
  EXPECT_NE(Complaint(kStrict, nan), "");
  Outcome size;
  size.Compare("numbers", values, std::array{1.0}, std::array{1.0});
  EXPECT_NE(Complaint(kStrict, size), "");
}

TEST(Outcome, AgreementIsNone) {
  Outcome outcome;
  const std::vector<float> values = {1.0f, 2.0f};
  outcome.Compare("numbers", values, std::array{1.0, 2.0}, std::array{1.0, 2.0});
  EXPECT_EQ(Complaint(kStrict, outcome), "");
}

// The violation that a comparison finds after `spoil` has changed activations of 5 channels, 2x3.
template <typename Spoil>
std::string ViolationAfter(Spoil spoil) {
  const DoubleTensor values = [] {
    DoubleTensor tensor(5, 2, 3);
    std::fill(tensor.values.begin(), tensor.values.end(), 1.0);
    return tensor;
  }();
  const Guarded guarded(values);
  spoil(guarded.view());
  Outcome outcome;
  guarded.CompareTo("it", values, values, outcome);
  EXPECT_EQ(outcome.error, 0);
  return outcome.violation;
}

TEST(Guarded, SeesWritesToHaloFillingAndNeighbours) {
  EXPECT_EQ(ViolationAfter([](const View&) {}), "");
  EXPECT_NE(ViolationAfter([](const View& view) { view.at(0, -1, 2)[4] = 1; }), "");
  EXPECT_NE(ViolationAfter([](const View& view) { view.at(0, 1, 3)[15] = 1; }), "");
  EXPECT_NE(ViolationAfter([](const View& view) { view.at(0, 1, 1)[5] = 1; }), "");
  EXPECT_NE(ViolationAfter([](const View& view) { view.at(-1, 0, 0)[0] = 1; }), "");
  EXPECT_NE(ViolationAfter([](const View& view) { view.at(1, -1, -1)[0] = 0; }), "");
}

}  // namespace
}  // namespace shadowtutor::nn::differential
