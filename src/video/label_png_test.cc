#include "video/label_png.h"

#include <gtest/gtest.h>

#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>

#include "core/atomic_file.h"
#include "video/testing/test_files.h"

namespace shadowtutor::video {
namespace {

using testing::ErrorOf;
using testing::Says;
using testing::TemporaryFolder;

LabelMap Stripes(int width, int height) {
  LabelMap labels(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) labels.at(x, y) = static_cast<uint8_t>(x * 7 + y);
  }
  return labels;
}

TEST(LabelPng, ComesBackAsItWas) {
  const TemporaryFolder folder;
  for (const FrameSize size : {FrameSize{1, 1}, FrameSize{33, 17}, FrameSize{640, 360}}) {
    const LabelMap labels = Stripes(size.width, size.height);
    WriteFileAtomically(folder / "a.png", EncodeLabelPng(labels));
    EXPECT_EQ(ReadLabelPng(folder / "a.png"), labels);
  }
}

TEST(LabelPng, NamesHaveSixDigitsOrMore) {
  EXPECT_EQ(LabelFileName(0), "000000.png");
  EXPECT_EQ(LabelFileName(123456), "123456.png");
  EXPECT_EQ(LabelFileName(12345678), "12345678.png");
}

TEST(LabelPng, EveryTruncationIsAnError) {
  const TemporaryFolder folder;
  const std::vector<uint8_t> whole = EncodeLabelPng(Stripes(40, 30));
  for (size_t size = 0; size < whole.size(); size += 1 + whole.size() / 50) {
    WriteFileAtomically(folder / "a.png", std::span(whole).first(size));
    EXPECT_EQ(ErrorOf([&] { ReadLabelPng(folder / "a.png"); }).code(), ErrorCode::kDataLoss)
        << size << " of " << whole.size() << " bytes";
  }
}

TEST(LabelPng, DamagedPixelsAreAnError) {
  const TemporaryFolder folder;
  std::vector<uint8_t> bytes = EncodeLabelPng(Stripes(40, 30));
  for (size_t i = 50; i < 60; ++i) bytes[i] ^= 0xff;
  WriteFileAtomically(folder / "a.png", bytes);
  EXPECT_EQ(ErrorOf([&] { ReadLabelPng(folder / "a.png"); }).code(), ErrorCode::kDataLoss);
}

TEST(LabelPng, ColoursAndPalettesAreNoLabels) {
  const TemporaryFolder folder;
  cv::imwrite((folder / "color.png").string(), cv::Mat(4, 4, CV_8UC3, cv::Scalar(1, 2, 3)));
  cv::imwrite((folder / "deep.png").string(), cv::Mat(4, 4, CV_16UC1, cv::Scalar(1)));
  for (const char* name : {"color.png", "deep.png"}) {
    const Error error = ErrorOf([&] { ReadLabelPng(folder / name); });
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_TRUE(Says(error, name) && Says(error, "8-bit grey")) << error.what();
  }
}

TEST(LabelPng, HugeSidesAreRefusedBeforeDecoding) {
  const TemporaryFolder folder;
  std::vector<uint8_t> bytes = EncodeLabelPng(Stripes(4, 4));
  bytes[16] = 0x7f;  // the width's highest byte
  WriteFileAtomically(folder / "a.png", bytes);
  EXPECT_EQ(ErrorOf([&] { ReadLabelPng(folder / "a.png"); }).code(), ErrorCode::kResourceExhausted);
}

TEST(LabelPng, MissingFileSaysWhich) {
  const Error error = ErrorOf([] { ReadLabelPng("no/such/000001.png"); });
  EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  EXPECT_TRUE(Says(error, "000001.png"));
}

}  // namespace
}  // namespace shadowtutor::video
