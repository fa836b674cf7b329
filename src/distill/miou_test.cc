#include "distill/miou.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <vector>

namespace shadowtutor::distill {
namespace {

LabelMap Map(int width, int height, const std::vector<uint8_t>& labels) {
  LabelMap map(width, height);
  map.labels() = labels;
  return map;
}

// mIoU computed literally by its definition, class by class and pixel by pixel.
double ByDefinition(const LabelMap& prediction, const LabelMap& label, int classes) {
  double sum = 0;
  int occurring = 0;
  for (int c = 0; c < classes; ++c) {
    int both = 0, either = 0;
    for (size_t i = 0; i < label.labels().size(); ++i) {
      const bool predicted = prediction.labels()[i] == c, labelled = label.labels()[i] == c;
      both += predicted && labelled;
      either += predicted || labelled;
    }
    if (either == 0) continue;
    sum += static_cast<double>(both) / either;
    ++occurring;
  }
  return sum / occurring;
}

TEST(MeanIoU, CountsClassesThatOccurInEither) {
  const auto label = Map(4, 1, {0, 0, 1, 1});
  EXPECT_DOUBLE_EQ(MeanIoU(label, label, 9), 1.0);
  // Class 0: 1/2, class 1: 2/3.
  EXPECT_DOUBLE_EQ(MeanIoU(Map(4, 1, {0, 1, 1, 1}), label, 9), (1.0 / 2 + 2.0 / 3) / 2);
  // A single pixel predicted as class 7 adds a class whose IoU is 0.
  EXPECT_DOUBLE_EQ(MeanIoU(Map(4, 1, {0, 7, 1, 1}), label, 9), (1.0 / 2 + 1.0 + 0.0) / 3);
  // So does a class of the label that is not predicted at all.
  EXPECT_DOUBLE_EQ(MeanIoU(Map(4, 1, {0, 0, 0, 0}), label, 9), (2.0 / 4 + 0.0) / 2);
}

TEST(MeanIoU, AgreesWithTheDefinitionOnRandomMaps) {
  std::mt19937 random(1);
  for (const int classes : {2, 3, 9, 21, 255}) {
    // Sizes around the width of the unrolled loop, and one much larger.
    for (const int pixels : {1, 7, 8, 9, 16, 61, 5003}) {
      LabelMap prediction(pixels, 1), label(pixels, 1);
      for (int x = 0; x < pixels; ++x) {
        label.at(x, 0) = static_cast<uint8_t>(random() % classes);
        prediction.at(x, 0) =
            random() % 3 == 0 ? static_cast<uint8_t>(random() % classes) : label.at(x, 0);
      }
      EXPECT_DOUBLE_EQ(MeanIoU(prediction, label, classes),
                       ByDefinition(prediction, label, classes))
          << classes << " classes, " << pixels << " pixels";
    }
  }
}

TEST(MeanIoU, RefusesWhatDoesNotFit) {
  EXPECT_THROW(MeanIoU(LabelMap(4, 2), LabelMap(2, 4), 9), Error);
  EXPECT_THROW(MeanIoU(LabelMap(), LabelMap(), 9), Error);
  EXPECT_THROW(MeanIoU(LabelMap(4, 2, 9), LabelMap(4, 2), 9), Error);
  EXPECT_THROW(MeanIoU(LabelMap(4, 2), LabelMap(4, 2, 255), 9), Error);
}

}  // namespace
}  // namespace shadowtutor::distill
