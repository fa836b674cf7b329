// What each mode makes of the scene, a bright square on dark ground, with a student that knows it.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "api/testing/scene.h"
#include "gstreamer/tests/plugin/harness.h"
#include "shadowtutor/trainer.h"

namespace shadowtutor::gst {
namespace {

using api::kSceneSize;
using api::SceneAnswer;
using api::SceneFrame;

// What the student says of the frame, by the library alone.
LabelMap Expected(ImageView frame) {
  LabelMap labels;
  Predictor(TaughtStudent().student).Predict(frame, labels);
  return labels;
}

TEST(Modes, TheStudentFindsTheSquare) {
  EXPECT_GT(MeanIoU(Expected(SceneFrame(5)), SceneAnswer(5).label, 2), 0.8);
}

TEST(Modes, OverlayColoursTheSquare) {
  const LabelMap labels = Expected(SceneFrame(5));
  for (const std::string format : {"BGR", "RGB", "BGRx"}) {
    Harness harness("student=" + TaughtStudent().file + " mode=overlay opacity=0.5");
    harness.Feed(format, kSceneSize);
    const std::vector<uint8_t> in = SceneBytes(5, format);
    const Frame out = harness.Through(in);
    EXPECT_EQ(out.format, format);
    ASSERT_EQ(out.bytes.size(), in.size());
    const size_t step = format == "BGRx" ? 4 : 3;
    const size_t red = format == "RGB" ? 0 : 2;
    for (size_t i = 0; i < kSceneSize.pixels(); ++i) {
      const uint8_t* before = &in[step * i];
      const uint8_t* after = &out.bytes[step * i];
      for (size_t c = 0; c < step; ++c) {
        // Half of the grey and half of pure red, or the grey.
        const int expected = labels.labels()[i] == 0 || c == 3
                                 ? before[c]
                                 : (before[c] * 127 + (c == red ? 255 : 0) * 128 + 127) / 255;
        ASSERT_EQ(after[c], expected) << format << " " << i << " " << c;
      }
    }
  }
}

TEST(Modes, ReplaceGivesTheGroundAColour) {
  const LabelMap labels = Expected(SceneFrame(5));
  Harness harness("student=" + TaughtStudent().file + " mode=replace background-color=0xff0a141e");
  harness.Feed("BGR", kSceneSize);
  const std::vector<uint8_t> in = SceneBytes(5, "BGR");
  const Frame out = harness.Through(in);
  ASSERT_EQ(out.bytes.size(), in.size());
  for (size_t i = 0; i < kSceneSize.pixels(); ++i) {
    const bool ground = labels.labels()[i] == 0;
    ASSERT_EQ(out.bytes[3 * i], ground ? 0x1e : in[3 * i]);
    ASSERT_EQ(out.bytes[3 * i + 1], ground ? 0x14 : in[3 * i]);
    ASSERT_EQ(out.bytes[3 * i + 2], ground ? 0x0a : in[3 * i]);
  }
}

TEST(Modes, ReplaceInNv12) {
  const std::vector<uint8_t> in = SceneBytes(5, "NV12");
  Harness mask("student=" + TaughtStudent().file + " mode=mask");
  mask.Feed("NV12", kSceneSize);
  const Frame labels = mask.Through(in);
  ASSERT_EQ(labels.bytes.size(), kSceneSize.pixels());
  Harness harness("student=" + TaughtStudent().file + " mode=replace background-color=0xffff0000");
  harness.Feed("NV12,colorimetry=bt601", kSceneSize);
  const Frame out = harness.Through(in);
  EXPECT_EQ(out.format, "NV12");
  ASSERT_EQ(out.bytes.size(), in.size());
  for (size_t i = 0; i < kSceneSize.pixels(); ++i) {
    ASSERT_EQ(out.bytes[i], labels.bytes[i] ? in[i] : 81);  // BT.601's luma of red
  }
  // The chroma of a corner, which is ground, and of the square's middle.
  const auto chroma = [&](int x, int y) {
    return &out.bytes[kSceneSize.pixels() +
                      static_cast<size_t>(y / 2 * kSceneSize.width + x / 2 * 2)];
  };
  EXPECT_EQ(chroma(62, 0)[0], 90);
  EXPECT_EQ(chroma(62, 0)[1], 240);
  EXPECT_EQ(chroma(16, 24)[0], 128);
  EXPECT_EQ(chroma(16, 24)[1], 128);
}

TEST(Modes, BlurChangesTheGroundAlone) {
  // Faint stripes on the ground, which the student takes for ground as well.
  Image frame = SceneFrame(5);
  for (int y = 0; y < kSceneSize.height; ++y) {
    for (int x = 0; x < kSceneSize.width; ++x) {
      if (SceneAnswer(5).label.at(x, y)) continue;
      for (int c = 0; c < 3; ++c) frame.row(y)[3 * x + c] = x % 2 ? 44 : 36;
    }
  }
  const LabelMap labels = Expected(frame);
  Harness harness("student=" + TaughtStudent().file + " mode=blur blur-radius=4");
  harness.Feed("BGR", kSceneSize);
  const Frame out = harness.Through(frame.bytes());
  ASSERT_EQ(out.bytes.size(), frame.bytes().size());
  for (size_t i = 0; i < kSceneSize.pixels(); ++i) {
    if (labels.labels()[i] == 1) {
      ASSERT_EQ(out.bytes[3 * i], frame.bytes()[3 * i]);
    }
  }
  for (int x = 45; x < 60; ++x) {  // far from the square
    EXPECT_NEAR(out.bytes[static_cast<size_t>(3 * (3 * kSceneSize.width + x))], 40, 2);
  }
}

TEST(Modes, CutoutIsTransparentWhereTheGroundIs) {
  const LabelMap labels = Expected(SceneFrame(5));
  for (const std::string format : {"BGR", "RGB", "BGRx"}) {
    Harness harness("student=" + TaughtStudent().file + " mode=cutout");
    harness.Feed(format, kSceneSize);
    const Frame out = harness.Through(SceneBytes(5, format));
    EXPECT_EQ(out.format, "BGRA");
    ASSERT_EQ(out.bytes.size(), 4 * kSceneSize.pixels());
    for (size_t i = 0; i < kSceneSize.pixels(); ++i) {
      ASSERT_EQ(out.bytes[4 * i], SceneFrame(5).bytes()[3 * i]);
      ASSERT_EQ(out.bytes[4 * i + 3], labels.labels()[i] ? 255 : 0);
    }
  }
}

TEST(Modes, MaskIsTheLabels) {
  for (const std::string format : {"BGR", "RGB", "BGRx"}) {
    Harness harness("student=" + TaughtStudent().file + " mode=mask");
    harness.Feed(format, kSceneSize);
    const Frame out = harness.Through(SceneBytes(5, format));
    EXPECT_EQ(out.format, "GRAY8");
    EXPECT_EQ(out.bytes, Expected(SceneFrame(5)).labels());
  }
  // NV12 of the same colours, but for rounding.
  Harness harness("student=" + TaughtStudent().file + " mode=mask");
  harness.Feed("NV12", kSceneSize);
  const Frame out = harness.Through(SceneBytes(5, "NV12"));
  LabelMap labels(kSceneSize.width, kSceneSize.height);
  ASSERT_EQ(out.bytes.size(), labels.labels().size());
  labels.labels() = out.bytes;
  EXPECT_GT(MeanIoU(labels, SceneAnswer(5).label, 2), 0.8);
}

TEST(Modes, WithoutAStudentFramesPassUnchanged) {
  for (const std::string format : {"BGR", "NV12"}) {
    const std::vector<uint8_t> in = SceneBytes(5, format);
    for (const std::string mode : {"overlay", "blur", "replace"}) {
      Harness harness("server=127.0.0.1:1 mode=" + mode);
      harness.Feed(format, kSceneSize);
      EXPECT_EQ(harness.Through(in).bytes, in);
    }
    Harness cutout("server=127.0.0.1:1 mode=cutout");
    cutout.Feed(format, kSceneSize);
    const Frame opaque = cutout.Through(in);
    ASSERT_EQ(opaque.bytes.size(), 4 * kSceneSize.pixels());
    EXPECT_EQ(opaque.bytes[3], 255);
    Harness mask("server=127.0.0.1:1 mode=mask");
    mask.Feed(format, kSceneSize);
    EXPECT_EQ(mask.Through(in).bytes, std::vector<uint8_t>(kSceneSize.pixels()));
  }
}

TEST(Modes, AStudentWithoutABackgroundIsWarnedOfOnce) {
  const std::string file = TaughtStudent().file + ".no_background";
  Student::Fresh({{"a", {}}, {"b", {}}}, {.width = 0.25}).Save(file);
  Harness harness("student=" + file + " mode=blur");
  harness.Feed("BGR", kSceneSize);
  const std::vector<uint8_t> in = SceneBytes(5, "BGR");
  EXPECT_EQ(harness.Through(in).bytes, in);
  EXPECT_EQ(harness.Through(in).bytes, in);
  const auto complaint = harness.NextComplaint();
  ASSERT_TRUE(complaint);
  EXPECT_FALSE(complaint->error);
  EXPECT_NE(complaint->sentence.find("no background class"), std::string::npos);
  EXPECT_FALSE(harness.NextComplaint());
}

}  // namespace
}  // namespace shadowtutor::gst
