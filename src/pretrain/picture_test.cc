#include "pretrain/picture.h"

#include <gtest/gtest.h>

#include <cstring>
#include <opencv2/imgcodecs.hpp>
#include <string>
#include <vector>

#include "pretrain/testing/test_data.h"
#include "video/testing/test_files.h"

namespace shadowtutor::pretrain {
namespace {

Picture Plain(int side) { return MakePicture(Image(side, side), LabelMap(side, side)); }

TEST(Picture, LevelsAreHalvedAndChosenByStep) {
  const Picture picture = Plain(400);
  ASSERT_EQ(picture.levels.size(), 4u);  // 400, 200, 100, 50
  double scale = 0;
  EXPECT_EQ(picture.LevelFor(0.5, scale).image.width(), 400);
  EXPECT_EQ(scale, 1);
  EXPECT_EQ(picture.LevelFor(1.9, scale).image.width(), 400);
  EXPECT_EQ(picture.LevelFor(2, scale).image.width(), 200);
  EXPECT_EQ(scale, 0.5);
  EXPECT_EQ(picture.LevelFor(100, scale).image.width(), 50);
  EXPECT_EQ(picture.bytes(), (400u * 400 + 200 * 200 + 100 * 100 + 50 * 50) * 4);
}

TEST(Picture, LabelAndImageMustHaveOneSize) {
  EXPECT_THROW(MakePicture(Image(10, 10), LabelMap(10, 9)), Error);
}

TEST(LoadCutout, RefusesWhatCutsNothingOut) {
  const testing::TemporaryFolder folder;
  cv::imwrite((folder / "opaque.png").string(), cv::Mat(20, 20, CV_8UC4, cv::Scalar(1, 2, 3, 255)));
  cv::imwrite((folder / "empty.png").string(), cv::Mat(20, 20, CV_8UC4, cv::Scalar(1, 2, 3, 0)));
  cv::imwrite((folder / "plain.png").string(), cv::Mat(20, 20, CV_8UC3, cv::Scalar(1, 2, 3)));
  for (const char* name : {"opaque.png", "empty.png", "plain.png"}) {
    EXPECT_THROW(LoadCutout(folder / name, 1, 100), Error) << name;
  }
  EXPECT_THROW(LoadCutout(folder / "none.png", 1, 100), Error);
}

TEST(DecodeImage, RefusesDamagedFiles) {
  const testing::TemporaryFolder folder;
  WriteFileAtomically(folder / "bad.jpg", std::string_view("not a picture"));
  WriteFileAtomically(folder / "empty.png", std::string_view(""));
  EXPECT_THROW(DecodeImage(folder / "bad.jpg"), Error);
  EXPECT_THROW(DecodeImage(folder / "empty.png"), Error);
}

TEST(DecodeImage, TurnsPicturesUprightByTheirExif) {
  const testing::TemporaryFolder folder;
  cv::Mat stored(16, 32, CV_8UC3, cv::Scalar(0, 0, 0));
  stored(cv::Rect(0, 0, 16, 8)) = cv::Scalar(255, 255, 255);   // left above: white
  stored(cv::Rect(16, 0, 16, 8)) = cv::Scalar(128, 128, 128);  // right above: grey
  std::vector<uint8_t> jpeg;
  ASSERT_TRUE(cv::imencode(".jpg", stored, jpeg));
  for (char orientation = 1; orientation <= 8; ++orientation) {
    std::string bytes(jpeg.begin(), jpeg.end());
    std::string exif("Exif\0\0MM\0*\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1\0\0\0\0\0\0\0\0", 32);
    exif[25] = orientation;
    std::string segment = {'\xff', '\xe1', 0, static_cast<char>(exif.size() + 2)};
    segment += exif;
    bytes.insert(2, segment);
    testing::WriteText(folder / "turned.jpg", bytes);
    // OpenCV turns JPEGs by itself.
    const cv::Mat wanted = cv::imread((folder / "turned.jpg").string(), cv::IMREAD_COLOR);
    const Image upright = DecodeImage(folder / "turned.jpg");
    ASSERT_EQ(upright.size(), (FrameSize{wanted.cols, wanted.rows})) << int{orientation};
    EXPECT_EQ(orientation >= 5, upright.width() == 16);
    EXPECT_EQ(std::memcmp(upright.bytes().data(), wanted.data, upright.bytes().size()), 0)
        << int{orientation};
  }
}

TEST(PictureCache, KeepsWhatWasUsedLastWithinItsBound) {
  std::vector<size_t> loads;
  const size_t one = Plain(40).bytes();
  PictureCache cache(5, 2 * one,
                     [&](size_t i) {
                       loads.push_back(i);
                       return Plain(40);
                     },
                     {});
  cache.Get(0);
  cache.Get(1);
  cache.Get(0);  // in the cache; now the most recently used
  EXPECT_EQ(loads, (std::vector<size_t>{0, 1}));
  cache.Get(2);  // picture 1 is dropped
  cache.Get(0);
  EXPECT_EQ(loads, (std::vector<size_t>{0, 1, 2}));
  cache.Get(1);
  EXPECT_EQ(loads, (std::vector<size_t>{0, 1, 2, 1}));
  EXPECT_EQ(cache.bytes(), 2 * one);
}

TEST(PictureCache, ReportsABadPictureOnceAndGivesUpWhenThereAreMany) {
  std::vector<std::string> reports;
  PictureCache cache(
      100, 1 << 20,
      [](size_t i) -> Picture {
        if (i == 3 || i >= 50) throw Error(ErrorCode::kDataLoss, "number " + std::to_string(i));
        return Plain(20);
      },
      [&](const std::string& line) { reports.push_back(line); });
  EXPECT_NE(cache.Get(0), nullptr);
  EXPECT_EQ(cache.Get(3), nullptr);
  EXPECT_EQ(cache.Get(3), nullptr);
  EXPECT_EQ(reports, (std::vector<std::string>{"skipped: number 3"}));
  for (size_t i = 50; i < 65; ++i) EXPECT_EQ(cache.Get(i), nullptr);
  EXPECT_THROW(cache.Get(65), Error);  // the 17th
}

}  // namespace
}  // namespace shadowtutor::pretrain
