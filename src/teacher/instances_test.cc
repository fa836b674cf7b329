// Tests of instances with outputs written by hand; no runtime is needed.
#include "teacher/instances.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "teacher/mask_paste.h"
#include "video/testing/test_files.h"

namespace shadowtutor::teacher {
namespace {

using testing::ErrorOf;
using testing::Says;

ModelCard Card(Kind kind) {
  ModelCard card;
  card.kind = kind;
  card.classes = {{"background", {}}, {"cat", {}}, {"dog", {}}};
  card.background = 0;
  return card;
}

Placement Same(int width, int height) { return {{width, height}, {width, height}, 1, 1, 0, 0}; }

size_t Count(const LabelMap& labels, uint8_t label) {
  return static_cast<size_t>(std::count(labels.labels().begin(), labels.labels().end(), label));
}

// Two instances in an 8x4 frame: a cat on the left and a dog on the right, which overlap in the
// middle.
struct TwoBoxes {
  std::vector<float> boxes = {0, 0, 5, 4, 3, 0, 8, 4};
  std::vector<float> classes = {1, 2};
  std::vector<float> scores = {0.9f, 0.6f};
  std::vector<float> masks = std::vector<float>(2 * 8 * 4, 0.0f);

  TwoBoxes() {
    for (int y = 0; y < 4; ++y) {
      for (int x = 0; x < 8; ++x) {
        masks[static_cast<size_t>(y * 8 + x)] = x < 5 ? 0.8f : 0.1f;
        masks[static_cast<size_t>(32 + y * 8 + x)] = x >= 3 ? 0.8f : 0.1f;
      }
    }
  }
  MaskRcnnOutputs Outputs() const {
    return {{{2, 4}, boxes.data()},
            {{2}, classes.data()},
            {{2}, scores.data()},
            {{2, 1, 4, 8}, masks.data()}};
  }
};

TEST(MaskRcnn, TheSurerInstanceIsOnTop) {
  TwoBoxes two;
  const auto seen = DecodeMaskRcnn(two.Outputs(), Card(Kind::kMaskRcnn), Same(8, 4));
  ASSERT_EQ(seen.instances.size(), 2u);
  EXPECT_EQ(Count(seen.label, 1), 20u);
  EXPECT_EQ(Count(seen.label, 2), 12u);
  two.scores = {0.6f, 0.9f};
  const auto other = DecodeMaskRcnn(two.Outputs(), Card(Kind::kMaskRcnn), Same(8, 4));
  EXPECT_EQ(Count(other.label, 1), 12u);
  EXPECT_EQ(Count(other.label, 2), 20u);
  two.scores = {0.7f, 0.7f};
  EXPECT_EQ(Count(DecodeMaskRcnn(two.Outputs(), Card(Kind::kMaskRcnn), Same(8, 4)).label, 1), 20u)
      << "of equals the first is on top";
}

TEST(MaskRcnn, InstancesOfAClassAreUnitedAndThresholdsHold) {
  TwoBoxes two;
  two.classes = {2, 2};
  ModelCard card = Card(Kind::kMaskRcnn);
  EXPECT_EQ(Count(DecodeMaskRcnn(two.Outputs(), card, Same(8, 4)).label, 2), 32u);
  card.instances.score_threshold = 0.6f;  // a score equal to the threshold does not count
  const auto seen = DecodeMaskRcnn(two.Outputs(), card, Same(8, 4));
  EXPECT_EQ(Count(seen.label, 2), 20u);
  EXPECT_EQ(seen.instances.size(), 1u);
  EXPECT_EQ(seen.candidates, 2);
  EXPECT_FLOAT_EQ(seen.best_score, 0.9f);
  card.instances.score_threshold = 0.95;
  EXPECT_EQ(Count(DecodeMaskRcnn(two.Outputs(), card, Same(8, 4)).label, 0), 32u);
  card.instances.score_threshold = 0.5;
  card.instances.mask_threshold = 0.05;
  EXPECT_EQ(Count(DecodeMaskRcnn(two.Outputs(), card, Same(8, 4)).label, 0), 0u);
}

TEST(MaskRcnn, ClassesAreShiftedOrListed) {
  TwoBoxes two;
  two.classes = {0, 1};  // a network without a background class
  ModelCard card = Card(Kind::kMaskRcnn);
  card.instances.class_offset = 1;
  EXPECT_EQ(Count(DecodeMaskRcnn(two.Outputs(), card, Same(8, 4)).label, 2), 12u);
  card.instances.class_offset = 2;
  const Error error = ErrorOf([&] { DecodeMaskRcnn(two.Outputs(), card, Same(8, 4)); });
  EXPECT_EQ(error.code(), ErrorCode::kDataLoss);
  EXPECT_TRUE(Says(error, "class 1") && Says(error, "class_offset")) << error.what();
  card.instances.listed = true;
  card.instances.class_of = {{1, 2}};
  const auto seen = DecodeMaskRcnn(two.Outputs(), card, Same(8, 4));
  EXPECT_EQ(Count(seen.label, 2), 20u) << "what is not listed covers nothing";
  EXPECT_EQ(seen.instances.size(), 1u);
}

TEST(MaskRcnn, BoxesAndWholeMasksFollowTheFrame) {
  // The frame is twice as large as the network's input.
  const Placement placement{{16, 8}, {8, 4}, 0.5, 0.5, 0, 0};
  const auto seen = DecodeMaskRcnn(TwoBoxes().Outputs(), Card(Kind::kMaskRcnn), placement);
  ASSERT_EQ(seen.label.size(), (FrameSize{16, 8}));
  EXPECT_EQ(PixelsOf(seen.instances[0].box, {16, 8}), (Box{0, 0, 10, 8}));
  EXPECT_EQ(Count(seen.label, 1), 80u);
  EXPECT_EQ(Count(seen.label, 2), 48u);
}

TEST(MaskRcnn, AMaskForEachClass) {
  const std::vector<float> box = {0, 0, 8, 4}, label = {2}, score = {0.9f};
  std::vector<float> masks(3 * 2 * 2, 0.0f);
  std::fill(masks.begin() + 8, masks.end(), 1.0f);  // the mask for class 2
  const MaskRcnnOutputs outputs{
      {{1, 4}, box.data()}, {{1}, label.data()}, {{1}, score.data()}, {{1, 3, 2, 2}, masks.data()}};
  ModelCard card = Card(Kind::kMaskRcnn);
  card.instances.paste = PasteRule::kDetectron2;
  EXPECT_EQ(Count(DecodeMaskRcnn(outputs, card, Same(8, 4)).label, 2), 28u)
      << "all but the four corners, where so small a mask fades out";
}

TEST(MaskRcnn, NothingFoundIsBackground) {
  const MaskRcnnOutputs outputs{
      {{0, 4}, nullptr}, {{0}, nullptr}, {{0}, nullptr}, {{0, 1, 28, 28}, nullptr}};
  const auto seen = DecodeMaskRcnn(outputs, Card(Kind::kMaskRcnn), Same(8, 4));
  EXPECT_EQ(seen.label, LabelMap(8, 4, 0));
  EXPECT_TRUE(seen.instances.empty());
}

TEST(MaskRcnn, NonsenseIsRefused) {
  const auto code_of = [](const MaskRcnnOutputs& outputs) {
    return ErrorOf([&] { DecodeMaskRcnn(outputs, Card(Kind::kMaskRcnn), Same(8, 4)); }).code();
  };
  TwoBoxes two;
  MaskRcnnOutputs outputs = two.Outputs();
  outputs.boxes.shape = {1, 8};
  EXPECT_EQ(code_of(outputs), ErrorCode::kInvalidArgument);
  outputs = two.Outputs();
  outputs.scores.shape = {3};
  EXPECT_EQ(code_of(outputs), ErrorCode::kInvalidArgument);
  outputs = two.Outputs();
  outputs.masks.shape = {1, 1, 4, 8};
  EXPECT_EQ(code_of(outputs), ErrorCode::kInvalidArgument);
  two.classes = {0.5f, 1};
  EXPECT_EQ(code_of(two.Outputs()), ErrorCode::kDataLoss);
  two.classes = {1, 7};
  EXPECT_EQ(code_of(two.Outputs()), ErrorCode::kDataLoss);
  two.classes = {1, 2};
  two.masks[40] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(code_of(two.Outputs()), ErrorCode::kDataLoss);
  two.masks[40] = 0;
  two.boxes[2] = std::numeric_limits<float>::infinity();
  EXPECT_EQ(code_of(two.Outputs()), ErrorCode::kDataLoss);
}

TEST(Paste, BoxesOutsideTheFrameAndAbsurdOnesDoNoHarm) {
  const std::vector<float> ones(4, 1.0f);
  const Plane mask{ones.data(), {2, 2}};
  for (const BoxF& box :
       {BoxF{-50, -50, -10, -10}, BoxF{100, 0, 120, 4}, BoxF{3, 3, 1, 1}, BoxF{2, 2, 2, 2}}) {
    LabelMap detectron2(8, 4), torchvision(8, 4);
    PasteLikeDetectron2(mask, box, 0.5f, 1, detectron2);
    EXPECT_EQ(Count(detectron2, 1), 0u) << box.x0;
    PasteLikeTorchvision(mask, box, 0.5f, 1, torchvision);
    EXPECT_LE(Count(torchvision, 1), 1u) << box.x0;
  }
  LabelMap whole(8, 4);
  PasteLikeTorchvision(mask, {1e30f, 0, 3e38f, 4}, 0.5f, 1, whole);
  PasteLikeDetectron2(mask, {1e30f, 0, 3e38f, 4}, 0.5f, 1, whole);
  PasteLikeTorchvision(mask, {-1e9f, -1e9f, 1e9f, 1e9f}, 0.5f, 1, whole);
  EXPECT_EQ(Count(whole, 1), 32u);
  PasteLikeDetectron2(mask, {-1e6f, -1e6f, 1e6f, 1e6f}, 0.5f, 2, whole);
  EXPECT_EQ(Count(whole, 2), 32u);
}

TEST(Suppression, IsPerClassAndKeepsTheSurest) {
  const auto instance = [](float x0, float x1, int label, float score) {
    return Instance{{x0, 0, x1, 10}, label, score, 0};
  };
  const std::vector<Instance> kept =
      SuppressOverlaps({instance(0, 10, 1, 0.5f), instance(1, 11, 1, 0.9f),
                        instance(1, 11, 2, 0.4f), instance(8, 18, 1, 0.3f)},
                       0.5, 10);
  ASSERT_EQ(kept.size(), 3u);
  EXPECT_FLOAT_EQ(kept[0].score, 0.9f);
  EXPECT_FLOAT_EQ(kept[1].score, 0.4f);
  EXPECT_FLOAT_EQ(kept[2].score, 0.3f);
  EXPECT_EQ(SuppressOverlaps(kept, 0.5, 2).size(), 2u);
}

// One anchor in the middle of a 16x16 input, two classes, one coefficient.
struct OneAnchor {
  std::vector<float> detections = {8, 8, 8, 8, 0.2f, 0.9f, 10};
  std::vector<float> prototypes = std::vector<float>(16, 1.0f);  // 4x4, set everywhere

  TensorView Detections() const { return {{1, 7, 1}, detections.data()}; }
  TensorView Prototypes() const { return {{1, 1, 4, 4}, prototypes.data()}; }
};

ModelCard YoloCard() {
  ModelCard card = Card(Kind::kYoloSeg);
  card.instances.class_offset = 1;
  return card;
}

TEST(YoloSeg, MasksEndAtTheirBox) {
  const OneAnchor one;
  const auto seen = DecodeYoloSeg(one.Detections(), one.Prototypes(), YoloCard(), Same(16, 16));
  ASSERT_EQ(seen.instances.size(), 1u);
  EXPECT_EQ(seen.instances[0].label, 2);
  EXPECT_EQ(Count(seen.label, 2), 64u);
  EXPECT_EQ(seen.label.at(4, 4), 2);
  EXPECT_EQ(seen.label.at(3, 4), 0);
  EXPECT_EQ(seen.label.at(12, 11), 0);
}

TEST(YoloSeg, LetterboxIsUndone) {
  // A frame of 32x16 in the input: half the size, with 4 rows of padding above and below.
  const Placement placement{{32, 16}, {16, 16}, 0.5, 0.5, 0, 4};
  const OneAnchor one;
  const auto seen = DecodeYoloSeg(one.Detections(), one.Prototypes(), YoloCard(), placement);
  EXPECT_EQ(PixelsOf(seen.instances[0].box, {32, 16}), (Box{8, 0, 16, 16}));
  EXPECT_EQ(Count(seen.label, 2), 256u);
}

TEST(YoloSeg, WhatIsBelowTheThresholdIsCounted) {
  OneAnchor one;
  one.detections[5] = 0.3f;
  const auto seen = DecodeYoloSeg(one.Detections(), one.Prototypes(), YoloCard(), Same(16, 16));
  EXPECT_TRUE(seen.instances.empty());
  EXPECT_EQ(seen.candidates, 1);
  EXPECT_FLOAT_EQ(seen.best_score, 0.3f);
}

TEST(YoloSeg, NonsenseIsRefused) {
  OneAnchor one;
  const auto decode = [&](const ModelCard& card) {
    return ErrorOf([&] { DecodeYoloSeg(one.Detections(), one.Prototypes(), card, Same(16, 16)); });
  };
  ModelCard more = YoloCard();
  more.classes.push_back({"cow", {}});
  const Error classes = decode(more);
  EXPECT_EQ(classes.code(), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(Says(classes, "3 classes")) << classes.what();
  one.prototypes[3] = std::numeric_limits<float>::infinity();
  EXPECT_EQ(decode(YoloCard()).code(), ErrorCode::kDataLoss);
  EXPECT_EQ(
      ErrorOf([&] {
        DecodeYoloSeg({{1, 7}, one.detections.data()}, one.Prototypes(), YoloCard(), Same(16, 16));
      }).code(),
      ErrorCode::kInvalidArgument);
}

TEST(Letterbox, KeepsShapesAndCentres) {
  InputSpec spec;
  spec.fit = Fit::kLetterbox;
  spec.size = {64, 64};
  spec.scale = 1;
  const Placement placement = PlaceFrame({32, 17}, spec);
  EXPECT_EQ(placement.input, (FrameSize{64, 64}));
  EXPECT_DOUBLE_EQ(placement.scale_x, 2);
  EXPECT_DOUBLE_EQ(placement.left, 0);
  EXPECT_DOUBLE_EQ(placement.top, 15);
  const Image white = testing::PlainImage(32, 17, 255, 255, 255);
  const std::vector<float> input = NetworkInput(white, spec, placement);
  ASSERT_EQ(input.size(), size_t{3} * 64 * 64);
  EXPECT_EQ(input[14 * 64], 114);
  EXPECT_EQ(input[15 * 64], 255);
  EXPECT_EQ(input[48 * 64 + 63], 255);
  EXPECT_EQ(input[49 * 64], 114);
}

TEST(ShortestSide, IsReachedUnlessTheLongestWouldBeTooLong) {
  InputSpec spec;
  spec.fit = Fit::kShortest;
  EXPECT_EQ(PlaceFrame({1280, 720}, spec).input, (FrameSize{1333, 750}));
  EXPECT_EQ(PlaceFrame({640, 480}, spec).input, (FrameSize{1067, 800}));
  spec.fit = Fit::kNone;
  EXPECT_TRUE(PlaceFrame({640, 480}, spec).identity());
}

}  // namespace
}  // namespace shadowtutor::teacher
