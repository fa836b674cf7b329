// Formats, and their changes in mid-stream.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "api/testing/scene.h"
#include "gstreamer/tests/plugin/harness.h"

namespace shadowtutor::gst {
namespace {

using api::kSceneSize;

TEST(Caps, InputsAreTheSameForEveryMode) {
  for (const std::string mode : {"overlay", "blur", "replace", "cutout", "mask", "none"}) {
    const Harness harness("student=" + TaughtStudent().file + " mode=" + mode);
    for (const std::string format : {"BGR", "NV12", "BGRx", "RGB"}) {
      EXPECT_TRUE(harness.Accepts("sink", "video/x-raw,format=" + format)) << mode << format;
    }
    for (const std::string format : {"I420", "GRAY8", "BGRA", "YUY2"}) {
      EXPECT_FALSE(harness.Accepts("sink", "video/x-raw,format=" + format)) << mode << format;
    }
    EXPECT_FALSE(harness.Accepts("sink", "video/x-raw(memory:DMABuf),format=NV12"));
  }
}

TEST(Caps, TheOutputGoesByTheMode) {
  for (const std::string mode : {"overlay", "cutout", "mask", "none"}) {
    const Harness harness("student=" + TaughtStudent().file + " mode=" + mode);
    const auto gives = [&](const std::string& format) {
      return harness.Accepts("src", "video/x-raw,format=" + format);
    };
    EXPECT_EQ(gives("BGR"), mode == "overlay" || mode == "none");
    EXPECT_EQ(gives("NV12"), mode == "overlay" || mode == "none");
    EXPECT_EQ(gives("BGRA"), mode == "cutout");
    EXPECT_EQ(gives("GRAY8"), mode == "mask");
  }
}

TEST(Caps, ASinkThatTakesAnotherFormatIsNotNegotiated) {
  Harness harness("student=" + TaughtStudent().file + " mode=mask");
  harness.SinkTakes("video/x-raw,format=BGR");
  harness.Feed("BGR", kSceneSize);
  EXPECT_EQ(harness.Push(SceneBytes(0, "BGR")), GST_FLOW_NOT_NEGOTIATED);
}

TEST(Caps, SizeAndFormatMayChangeInMidStream) {
  Harness harness("student=" + TaughtStudent().file + " mode=mask");
  harness.Feed("BGR", kSceneSize);
  const Frame first = harness.Through(SceneBytes(0, "BGR"));
  harness.Feed("BGR", {33, 21});
  const Frame odd = harness.Through(std::vector<uint8_t>(size_t{100} * 21, 90));
  EXPECT_EQ(odd.size, (FrameSize{33, 21}));
  harness.Feed("NV12", kSceneSize);
  EXPECT_EQ(harness.Through(SceneBytes(0, "NV12")).size, kSceneSize);
  harness.Feed("BGR", kSceneSize);
  EXPECT_EQ(harness.Through(SceneBytes(0, "BGR")).bytes, first.bytes);
}

TEST(Caps, TheModeMayChangeInMidStream) {
  Harness harness("student=" + TaughtStudent().file + " mode=overlay");
  harness.Feed("BGR", kSceneSize);
  const std::vector<uint8_t> in = SceneBytes(0, "BGR");
  const Frame overlay = harness.Through(in);
  EXPECT_EQ(overlay.format, "BGR");
  for (const auto& [mode, format] :
       {std::pair("mask", "GRAY8"), {"cutout", "BGRA"}, {"none", "BGR"}, {"mask", "GRAY8"}}) {
    gst_util_set_object_arg(G_OBJECT(harness.element()), "mode", mode);
    EXPECT_EQ(harness.Through(in).format, format);
  }
  gst_util_set_object_arg(G_OBJECT(harness.element()), "mode", "overlay");
  EXPECT_EQ(harness.Through(in).bytes, overlay.bytes);
}

TEST(Caps, FramesThatAreTooLargeAreAnError) {
  Harness harness("student=" + TaughtStudent().file);
  harness.Feed("NV12", {8194, 2});
  EXPECT_EQ(harness.Push(std::vector<uint8_t>(size_t{8196} * 3)), GST_FLOW_ERROR);
  const auto complaint = harness.NextComplaint();
  ASSERT_TRUE(complaint);
  EXPECT_TRUE(complaint->error);
}

}  // namespace
}  // namespace shadowtutor::gst
