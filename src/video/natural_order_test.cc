#include "video/natural_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace shadowtutor::video {
namespace {

// `names` in natural order, from whatever order they are in.
std::vector<std::string> Sorted(std::vector<std::string> names) {
  std::mt19937 random(1);
  std::shuffle(names.begin(), names.end(), random);
  std::sort(names.begin(), names.end(), NaturalLess);
  return names;
}

void ExpectOrder(const std::vector<std::string>& names) { EXPECT_EQ(Sorted(names), names); }

TEST(NaturalOrder, NumbersCountByTheirValue) {
  ExpectOrder({"frame_0.png", "frame_1.png", "frame_2.png", "frame_9.png", "frame_10.png",
               "frame_11.png", "frame_100.png"});
  ExpectOrder({"2.jpg", "10.jpg", "a2.jpg", "a10.jpg"});
  ExpectOrder({"cam1_frame2", "cam1_frame10", "cam2_frame1", "cam10_frame1"});
  ExpectOrder({"shot (1).jpg", "shot (2).jpg", "shot (10).jpg"});
}

TEST(NaturalOrder, PaddedNamesStayInTheirOrder) {
  ExpectOrder({"000001.png", "000002.png", "000010.png", "000100.png", "1000000.png"});
  ExpectOrder({"img_008.png", "img_9.png", "img_010.png", "img_11.png"});
}

TEST(NaturalOrder, NumbersOfAnyLength) {
  const std::string nines(5000, '9');
  const std::string one_more = "1" + std::string(5000, '0');
  ExpectOrder({"f18446744073709551615", "f18446744073709551616", "f18446744073709551617",
               "f" + nines, "f" + one_more});
}

TEST(NaturalOrder, FewerLeadingZerosComeFirst) {
  ExpectOrder({"f1", "f01", "f001", "f2", "f02"});
  ExpectOrder({"0", "00", "000", "1"});
  ExpectOrder({"1_01", "01_1"});         // the first number decides
  ExpectOrder({"f01a", "f1b", "f01b"});  // the rest of the name comes before the zeros
}

TEST(NaturalOrder, AllElseIsByteOrder) {
  ExpectOrder({"", "A", "B", "a", "ab", "b"});
  ExpectOrder({"frame", "frame.png", "frame1", "frameA", "frame_1"});
  ExpectOrder({"a", "z", "\xc3\xa4"});  // bytes from 128 on come last
  ExpectOrder({std::string("a"), std::string("a\0", 2), std::string("a\0b", 3)});
}

TEST(NaturalOrder, IsAStrictTotalOrderOfRandomNames) {
  std::mt19937 random(7);
  std::vector<std::string> names;
  const std::string letters = "0011.9_aB\xff";
  for (int i = 0; i < 120; ++i) {
    std::string name;
    for (auto length = random() % 7; length > 0; --length) {
      name += letters[random() % letters.size()];
    }
    names.push_back(name);
  }
  names.emplace_back();
  for (const std::string& a : names) {
    for (const std::string& b : names) {
      EXPECT_EQ(NaturalLess(a, b) + NaturalLess(b, a), a == b ? 0 : 1) << a << ' ' << b;
      for (const std::string& c : names) {
        if (NaturalLess(a, b) && NaturalLess(b, c)) {
          ASSERT_TRUE(NaturalLess(a, c)) << a << ' ' << b << ' ' << c;
        }
      }
    }
  }
}

}  // namespace
}  // namespace shadowtutor::video
