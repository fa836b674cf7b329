#include "core/number_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "core/bit_cast.h"

namespace shadowtutor {
namespace {

TEST(NumberText, IsTheShortest) {
  constexpr double kLargest = std::numeric_limits<double>::max();
  constexpr double kSmallest = std::numeric_limits<double>::denorm_min();
  const std::pair<double, const char*> cases[] = {{0, "0"},
                                                  {-0.0, "-0"},
                                                  {1, "1"},
                                                  {-0.8, "-0.8"},
                                                  {0.1, "0.1"},
                                                  {0.001, "0.001"},
                                                  {0.0001, "1e-04"},
                                                  {0.00012, "0.00012"},
                                                  {1e-5, "1e-05"},
                                                  {1000, "1000"},
                                                  {5000, "5000"},
                                                  {10000, "10000"},
                                                  {100000, "1e+05"},
                                                  {120000, "120000"},
                                                  {123456789, "123456789"},
                                                  {0.1 + 0.2, "0.30000000000000004"},
                                                  {1.0 / 3, "0.3333333333333333"},
                                                  {1e22, "1e+22"},
                                                  {-1.25e100, "-1.25e+100"},
                                                  {kLargest, "1.7976931348623157e+308"},
                                                  {kSmallest, "5e-324"}};
  for (const auto& [value, text] : cases) EXPECT_EQ(ShortestText(value), text);
}

TEST(NumberText, ReadsBackAsTheSameNumber) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 2000; ++i) {
    const auto value = BitCast<double>(uint64_t{random()});
    if (!std::isfinite(value)) continue;
    const auto read = NumberOf(ShortestText(value));
    ASSERT_TRUE(read) << ShortestText(value);
    EXPECT_EQ(BitCast<uint64_t>(*read), BitCast<uint64_t>(value)) << ShortestText(value);
  }
}

TEST(NumberText, NumbersHaveManyForms) {
  const std::pair<const char*, double> cases[] = {
      {"0", 0},      {"12", 12},     {"-3.5", -3.5},  {".5", 0.5},    {"5.", 5},
      {"1e3", 1000}, {"1E+3", 1000}, {"1e-3", 0.001}, {"00.10", 0.1}, {"0e-999", 0}};
  for (const auto& [text, value] : cases) EXPECT_EQ(NumberOf(text), value) << text;
  EXPECT_TRUE(std::isinf(NumberOf("-inf").value_or(0)));
  EXPECT_TRUE(std::isnan(NumberOf("nan").value_or(0)));
}

TEST(NumberText, WhatIsNoNumberIsRefused) {
  for (const char* text : {"", " 1", "1 ", "+1", "-+1", "--1", "1,5", "0x10", "1e", "e5", ".", "-",
                           "1.2.3", "one", "1e999", "-1e999", "1e-999"}) {
    EXPECT_FALSE(NumberOf(text)) << text;
  }
  EXPECT_FALSE(NumberOf(std::string("1\0", 2)));
}

}  // namespace
}  // namespace shadowtutor
