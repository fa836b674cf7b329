// What colours in NV12 are, by the colorimetry of the caps.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "api/testing/scene.h"
#include "gstreamer/tests/plugin/harness.h"
#include "gstreamer/yuv.h"

namespace shadowtutor::gst {
namespace {

using api::kSceneSize;

// What pure red is in frames of this size and colorimetry: that of a background that is replaced.
std::vector<int> RedOf(const std::string& colorimetry, FrameSize size = kSceneSize) {
  Harness harness("student=" + TaughtStudent().file + " mode=replace background-color=0xffff0000");
  harness.Feed("NV12" + colorimetry, size);
  std::vector<uint8_t> dark(size.pixels() * 3 / 2, 128);
  std::fill_n(dark.begin(), size.pixels(), uint8_t{50});
  const Frame out = harness.Through(dark);
  if (out.bytes.size() != dark.size()) return {};
  const uint8_t* chroma = &out.bytes[size.pixels()];
  return {out.bytes[0], chroma[0], chroma[1]};
}

TEST(Colors, EachMatrixHasItsOwn) {
  for (const auto& [name, red] : {std::pair("bt601", std::vector{81, 90, 240}),
                                  {"bt709", {63, 102, 240}},
                                  {"bt2020", {74, 97, 240}},
                                  {"smpte240m", {62, 102, 240}},
                                  // RANGE:MATRIX:TRANSFER:PRIMARIES, 2 the matrix of the FCC.
                                  {"2:2:5:1", {82, 90, 240}}}) {
    EXPECT_EQ(RedOf(std::string(",colorimetry=") + name), red) << name;
  }
}

TEST(Colors, TheRangeMayBeTheWhole) {
  for (const auto& [name, red] : {std::pair("1:4:0:0", std::vector{76, 85, 255}),
                                  {"1:3:0:0", {54, 99, 255}},
                                  {"1:6:0:0", {67, 92, 255}},
                                  {"1:5:0:0", {54, 98, 255}},
                                  {"1:2:0:0", {77, 85, 255}}}) {
    EXPECT_EQ(RedOf(std::string(",colorimetry=") + name), red) << name;
  }
}

// As GStreamer itself has it: BT.601 up to 576 lines, BT.709 above.
TEST(Colors, WithoutAMatrixTheyGoByTheSize) {
  for (const std::string name : {"", ",colorimetry=2:1:0:0", ",colorimetry=0:0:0:0"}) {
    EXPECT_EQ(RedOf(name, {64, 576}), (std::vector{81, 90, 240})) << name;
    EXPECT_EQ(RedOf(name, {64, 578}), (std::vector{63, 102, 240})) << name;
  }
}

}  // namespace
}  // namespace shadowtutor::gst
