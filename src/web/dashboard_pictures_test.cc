#include "web/dashboard_pictures.h"

#include <gtest/gtest.h>

#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <vector>

namespace shadowtutor::web {
namespace {

TEST(DashboardPictures, LabelsHaveTheClassesColoursOnNothing) {
  const ClassList classes = {{"background", {9, 9, 9}}, {"person", {250, 20, 30}}};
  server::WatchedFrame frame{.frame = Image(4, 2), .label = LabelMap(4, 2)};
  frame.label.at(1, 0) = 1;
  frame.label.at(2, 1) = 77;  // no class
  const std::optional<Picture> picture = PictureOf(frame, "label.png", classes, 0);
  ASSERT_TRUE(picture);
  EXPECT_EQ(picture->type, "image/png");
  const std::vector<uint8_t> bytes(picture->bytes.begin(), picture->bytes.end());
  const cv::Mat pixels = cv::imdecode(bytes, cv::IMREAD_UNCHANGED);
  ASSERT_EQ(pixels.type(), CV_8UC4);
  ASSERT_EQ(pixels.size(), cv::Size(4, 2));
  EXPECT_EQ(pixels.at<cv::Vec4b>(0, 1), cv::Vec4b(30, 20, 250, 255));
  EXPECT_EQ(pixels.at<cv::Vec4b>(0, 0)[3], 0);
  EXPECT_EQ(pixels.at<cv::Vec4b>(1, 2)[3], 0);
}

TEST(DashboardPictures, ThereAreFourNames) {
  server::WatchedFrame frame{.frame = Image(4, 2), .label = LabelMap(4, 2)};
  EXPECT_EQ(PictureOf(frame, "frame.jpg", {}, -1)->type, "image/jpeg");
  EXPECT_FALSE(PictureOf(frame, "before.png", {}, -1)) << "nothing was predicted";
  frame.before = frame.after = frame.label;
  EXPECT_TRUE(PictureOf(frame, "before.png", {}, -1));
  EXPECT_TRUE(PictureOf(frame, "after.png", {}, -1));
  for (const char* name : {"", "label", "frame.png", "../label.png"}) {
    EXPECT_FALSE(PictureOf(frame, name, {}, -1)) << name;
  }
}

}  // namespace
}  // namespace shadowtutor::web
