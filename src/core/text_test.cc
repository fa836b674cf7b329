#include "core/text.h"

#include <gtest/gtest.h>

#include <string>

namespace shadowtutor {
namespace {

TEST(Text, FormatPrintsWhatPrintfDoes) {
  EXPECT_EQ(Format("%s", ""), "");
  EXPECT_EQ(Format("%d of %s, %.2f %%", 3, "five", 60.0), "3 of five, 60.00 %");
}

TEST(Text, FormatCutsNothingOff) {
  for (const size_t length : {511, 512, 513, 5000}) {
    const std::string text(length, 'x');
    EXPECT_EQ(Format("%s", text.c_str()), text);
  }
}

TEST(Text, SizesAndColoursAreWrittenAsUsersKnowThem) {
  EXPECT_EQ(SizeText({1280, 720}), "1280x720");
  EXPECT_EQ(SizeText({0, -1}), "0x-1");
  EXPECT_EQ(SecondsText(std::chrono::milliseconds(10'000)), "10 s");
  EXPECT_EQ(SecondsText(std::chrono::milliseconds(250)), "0.25 s");
  EXPECT_EQ(ColorText({255, 128, 0}), "#ff8000");
  EXPECT_EQ(ColorText({0, 0, 1}), "#000001");
}

}  // namespace
}  // namespace shadowtutor
