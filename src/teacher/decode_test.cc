#include "teacher/decode.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <random>

#include "video/testing/test_files.h"

namespace shadowtutor::teacher {
namespace {

using testing::ErrorOf;
using testing::Says;

struct Tensor {
  std::vector<int> shape;
  std::vector<float> values;
  TensorView view() const { return {shape, values.data()}; }
};

Tensor Random(std::vector<int> shape, unsigned seed) {
  Tensor tensor{std::move(shape), {}};
  tensor.values.resize(tensor.view().count());
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  for (float& value : tensor.values) value = normal(random);
  return tensor;
}

cv::Mat ChannelOf(const Tensor& tensor, int channel) {
  const int h = tensor.shape[2], w = tensor.shape[3];
  return cv::Mat(h, w, CV_32FC1,
                 const_cast<float*>(tensor.values.data()) + static_cast<size_t>(channel) * h * w);
}

TEST(Logits, IsTheArgmaxOfEveryPlaneResized) {
  Decoder decoder;  // one for all sizes, as its working memory must not affect the results
  for (const FrameSize size :
       {FrameSize{200, 150}, FrameSize{32, 24}, FrameSize{17, 9}, FrameSize{61, 97}}) {
    const Tensor logits = Random({1, 7, 24, 32}, 1);
    std::vector<cv::Mat> planes(7);
    for (int c = 0; c < 7; ++c) {
      cv::resize(ChannelOf(logits, c), planes[static_cast<size_t>(c)],
                 cv::Size(size.width, size.height), 0, 0, cv::INTER_LINEAR);
    }
    LabelMap expected(size.width, size.height);
    for (int y = 0; y < size.height; ++y) {
      for (int x = 0; x < size.width; ++x) {
        int best = 0;
        for (int c = 1; c < 7; ++c) {
          if (planes[static_cast<size_t>(c)].at<float>(y, x) >
              planes[static_cast<size_t>(best)].at<float>(y, x)) {
            best = c;
          }
        }
        expected.at(x, y) = static_cast<uint8_t>(best);
      }
    }
    EXPECT_EQ(decoder.Logits(logits.view(), 7, size), expected) << size.width << "x" << size.height;
  }
}

TEST(Logits, TiesGoToTheFirstClass) {
  Tensor logits{{1, 3, 1, 2}, {1, 0, 1, 2, 1, 2}};
  EXPECT_EQ(Decoder().Logits(logits.view(), 3, {2, 1}).labels(), (std::vector<uint8_t>{0, 1}));
}

TEST(Logits, OtherShapesSayBoth) {
  for (const auto& shape : std::vector<std::vector<int>>{
           {1, 4, 8, 8}, {1, 8, 8}, {2, 5, 8, 8}, {1, 8, 8, 5}, {5, 8, 8}, {1, 5, 8, 8, 1}, {5}}) {
    const Tensor tensor = Random(shape, 2);
    const Error error = ErrorOf([&] { Decoder().Logits(tensor.view(), 5, {16, 16}); });
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_TRUE(Says(error, ShapeText(shape)) && Says(error, "[1,5,h,w]")) << error.what();
  }
  EXPECT_EQ(ShapeText({1, 21, 288, 512}), "[1,21,288,512]");
}

TEST(Decoder, ValuesThatAreNotFiniteAreAnError) {
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
        -std::numeric_limits<float>::infinity()}) {
    Tensor logits = Random({1, 3, 8, 8}, 3);
    logits.values.back() = bad;
    EXPECT_EQ(ErrorOf([&] {
                Decoder().Logits(logits.view(), 3, {8, 8});
              }).code(),
              ErrorCode::kDataLoss);
    Tensor plane = Random({1, 1, 8, 8}, 3);
    plane.values[10] = bad;
    EXPECT_EQ(ErrorOf([&] {
                Decoder().Saliency(plane.view(), 0.5, {8, 8});
              }).code(),
              ErrorCode::kDataLoss);
    Tensor map{{1, 8, 8}, std::vector<float>(64, 1)};
    map.values[0] = bad;
    EXPECT_EQ(ErrorOf([&] {
                Decoder().ClassMap(map.view(), 3, {8, 8});
              }).code(),
              ErrorCode::kDataLoss);
  }
}

TEST(ClassMap, EnlargesToTheNearest) {
  for (const auto& shape : std::vector<std::vector<int>>{{1, 2, 2}, {1, 1, 2, 2}}) {
    const Tensor map{shape, {0, 1, 2, 3}};
    EXPECT_EQ(Decoder().ClassMap(map.view(), 4, {4, 4}).labels(),
              (std::vector<uint8_t>{0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 3, 3, 2, 2, 3, 3}));
    EXPECT_EQ(Decoder().ClassMap(map.view(), 4, {2, 2}).labels(),
              (std::vector<uint8_t>{0, 1, 2, 3}));
  }
}

TEST(ClassMap, OnlyIndicesOfTheCardsClasses) {
  const auto error = [](float value, int classes) {
    const Tensor map{{1, 1, 2}, {0, value}};
    return ErrorOf([&] { Decoder().ClassMap(map.view(), classes, {2, 1}); });
  };
  EXPECT_EQ(error(4, 4).code(), ErrorCode::kDataLoss);
  EXPECT_TRUE(Says(error(4, 4), "class index 4") && Says(error(4, 4), "4 classes"));
  EXPECT_EQ(error(-1, 4).code(), ErrorCode::kDataLoss);
  EXPECT_EQ(error(1e30f, 4).code(), ErrorCode::kDataLoss);
  EXPECT_TRUE(Says(error(0.5f, 4), "semantic-logits")) << error(0.5f, 4).what();
  const Tensor logits = Random({1, 4, 2, 2}, 4);
  EXPECT_EQ(ErrorOf([&] {
              Decoder().ClassMap(logits.view(), 4, {2, 2});
            }).code(),
            ErrorCode::kInvalidArgument);
}

TEST(Saliency, IsBilinearThenStrictlyAboveTheThreshold) {
  const Tensor plane = Random({1, 1, 9, 12}, 5);
  cv::Mat resized;
  cv::resize(ChannelOf(plane, 0), resized, cv::Size(50, 40), 0, 0, cv::INTER_LINEAR);
  const LabelMap labels = Decoder().Saliency(plane.view(), 0.25, {50, 40});
  for (int y = 0; y < 40; ++y) {
    for (int x = 0; x < 50; ++x) {
      ASSERT_EQ(labels.at(x, y), resized.at<float>(y, x) > 0.25f ? 1 : 0) << x << "," << y;
    }
  }
  const Tensor edge{{1, 1, 1, 3}, {0.5f, 0.25f, 0.75f}};
  EXPECT_EQ(Decoder().Saliency(edge.view(), 0.5, {3, 1}).labels(), (std::vector<uint8_t>{0, 0, 1}));
  const Tensor wrong = Random({1, 2, 9, 12}, 6);
  const Error error = ErrorOf([&] { Decoder().Saliency(wrong.view(), 0.5, {50, 40}); });
  EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(Says(error, "[1,2,9,12]") && Says(error, "[1,1,h,w]")) << error.what();
}

}  // namespace
}  // namespace shadowtutor::teacher
