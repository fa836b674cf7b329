#include "cli/quantities.h"

#include <gtest/gtest.h>

namespace shadowtutor::cli {
namespace {

TEST(Quantities, Bytes) {
  EXPECT_DOUBLE_EQ(ParseBytes("--x", "300"), 300);
  EXPECT_DOUBLE_EQ(ParseBytes("--x", "300kB"), 300e3);
  EXPECT_DOUBLE_EQ(ParseBytes("--x", "0.5 KiB"), 512);
  EXPECT_DOUBLE_EQ(ParseBytes("--x", "2.637MiB"), 2.637 * 1048576);
  EXPECT_DOUBLE_EQ(ParseBytes("--x", "1.5GB"), 1.5e9);
  for (const char* wrong :
       {"", "MB", "-1kB", "3 bananas", "1e400", "9999GB", "1kb", "nan", "1 2"}) {
    EXPECT_THROW(ParseBytes("--x", wrong), Error) << wrong;
  }
}

TEST(Quantities, Numbers) {
  EXPECT_EQ(ParseNumbers("--x", "80"), (std::vector<double>{80}));
  EXPECT_EQ(ParseNumbers("--x", "80,40.5,8"), (std::vector<double>{80, 40.5, 8}));
  for (const char* wrong : {"", "0", "80,", ",80", "-3", "80 40", "inf", "x"}) {
    EXPECT_THROW(ParseNumbers("--x", wrong), Error) << wrong;
  }
}

TEST(Quantities, WholeNumbersAndRanges) {
  EXPECT_EQ(ParseWholeNumbers("--x", "8"), (std::vector<int>{8}));
  EXPECT_EQ(ParseWholeNumbers("--x", "4,8"), (std::vector<int>{4, 8}));
  EXPECT_EQ(ParseWholeNumbers("--x", "8-64"), (std::vector<int>{8, 16, 32, 64}));
  EXPECT_EQ(ParseWholeNumbers("--x", "8-20:5,64"), (std::vector<int>{8, 13, 18, 64}));
  for (const char* wrong :
       {"", "0", "8.5", "64-8", "8-", "-8", "8-64:0", "1-1000:1", "9-9999999999", "2000000"}) {
    EXPECT_THROW(ParseWholeNumbers("--x", wrong), Error) << wrong;
  }
}

TEST(Quantities, FrameSizes) {
  EXPECT_EQ(ParseFrameSize("--size", "1280x720"), (FrameSize{1280, 720}));
  for (const char* wrong :
       {"", "1280", "1280x", "x720", "0x1", "-4x4", "1280x720p", "9000x1", "8000x8000"}) {
    EXPECT_THROW(ParseFrameSize("--size", wrong), Error) << wrong;
  }
  try {
    ParseFrameSize("--size", "big");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(std::string(error.what()).find("--size must be WIDTHxHEIGHT"), std::string::npos);
  }
}

}  // namespace
}  // namespace shadowtutor::cli
