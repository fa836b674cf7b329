#include "distill/loss_weights.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace shadowtutor {

// Makes failure messages readable.
static void PrintTo(const Box& box, std::ostream* out) {
  *out << '(' << box.x << ',' << box.y << ' ' << box.width << 'x' << box.height << ')';
}

namespace distill {
namespace {

// '.' is background (class 0), digits are classes.
LabelMap Draw(const std::vector<std::string>& rows) {
  LabelMap map(static_cast<int>(rows[0].size()), static_cast<int>(rows.size()));
  for (int y = 0; y < map.height(); ++y) {
    for (int x = 0; x < map.width(); ++x) {
      map.at(x, y) = rows[y][x] == '.' ? 0 : static_cast<uint8_t>(rows[y][x] - '0');
    }
  }
  return map;
}

// The same components found in another way: by flooding from every pixel in reading order.
std::vector<Box> Flooded(LabelMap map, int background) {
  constexpr uint8_t kSeen = 255;
  std::vector<Box> boxes;
  for (int y0 = 0; y0 < map.height(); ++y0) {
    for (int x0 = 0; x0 < map.width(); ++x0) {
      const uint8_t label = map.at(x0, y0);
      if (label == background || label == kSeen) continue;
      int left = x0, right = x0, top = y0, bottom = y0;
      std::vector<std::pair<int, int>> open = {{x0, y0}};
      map.at(x0, y0) = kSeen;
      while (!open.empty()) {
        const auto [x, y] = open.back();
        open.pop_back();
        left = std::min(left, x);
        right = std::max(right, x);
        top = std::min(top, y);
        bottom = std::max(bottom, y);
        for (int ny = std::max(y - 1, 0); ny <= std::min(y + 1, map.height() - 1); ++ny) {
          for (int nx = std::max(x - 1, 0); nx <= std::min(x + 1, map.width() - 1); ++nx) {
            if (map.at(nx, ny) != label) continue;
            map.at(nx, ny) = kSeen;
            open.emplace_back(nx, ny);
          }
        }
      }
      boxes.push_back({left, top, right - left + 1, bottom - top + 1});
    }
  }
  return boxes;
}

TEST(ComponentBoxes, FindsEachClassApartAndJoinsCorners) {
  const auto map = Draw({
      "1..2..",
      ".1.2..",
      "..12.3",
      ".....3",
  });
  const std::vector<Box> expected = {{0, 0, 3, 3}, {3, 0, 1, 3}, {5, 2, 1, 2}};
  EXPECT_EQ(ComponentBoxes(map, 0), expected);
}

TEST(ComponentBoxes, JoinsArmsThatMeetLater) {
  const auto map = Draw({
      "1.1.1",
      "1.1.1",
      "11111",
  });
  EXPECT_EQ(ComponentBoxes(map, 0), std::vector<Box>({{0, 0, 5, 3}}));
}

TEST(ComponentBoxes, TheWholeFrameAndNothing) {
  EXPECT_EQ(ComponentBoxes(LabelMap(5, 4, 3), 0), std::vector<Box>({{0, 0, 5, 4}}));
  EXPECT_TRUE(ComponentBoxes(LabelMap(5, 4, 3), 3).empty());
  EXPECT_TRUE(ComponentBoxes(LabelMap(), 0).empty());
  // Without a background class, components of all classes are found.
  EXPECT_EQ(ComponentBoxes(Draw({"..1"}), -1), std::vector<Box>({{0, 0, 2, 1}, {2, 0, 1, 1}}));
}

TEST(ComponentBoxes, AgreesWithFloodingOnRandomMaps) {
  std::mt19937 random(2);
  for (int round = 0; round < 400; ++round) {
    LabelMap map(1 + static_cast<int>(random() % 24), 1 + static_cast<int>(random() % 24));
    const unsigned classes = 2 + random() % 3;
    const unsigned sparseness = 1 + random() % 4;  // from densely connected to isolated pixels
    for (auto& label : map.labels()) {
      label = random() % sparseness == 0 ? static_cast<uint8_t>(random() % classes) : 0;
    }
    ASSERT_EQ(ComponentBoxes(map, 0), Flooded(map, 0)) << "round " << round;
  }
}

TEST(LossWeights, GrowsBoxesAndIncludesTheLastRowAndColumn) {
  // 7.5 % of 40 is 3, of 20 is 1.5: columns 30-3 .. 70+3, rows trunc(28.5) .. trunc(51.5).
  const Box box{30, 30, 40, 20};
  const FrameSize size{100, 80};
  const auto weights = LossWeights(size, std::span(&box, 1));
  for (int y = 0; y < size.height; ++y) {
    for (int x = 0; x < size.width; ++x) {
      const bool inside = x >= 27 && x <= 73 && y >= 28 && y <= 51;
      ASSERT_EQ(weights[static_cast<size_t>(y * size.width + x)], inside ? kInstanceWeight : 1.0f)
          << x << ',' << y;
    }
  }
}

TEST(LossWeights, ClampsToTheFrameAndDoesNotAddUp) {
  const std::vector<Box> boxes = {{0, 0, 4, 3}, {1, 1, 3, 2}};
  EXPECT_EQ(LossWeights({4, 3}, boxes), std::vector<float>(12, kInstanceWeight));
  EXPECT_EQ(LossWeights({4, 3}, {}), std::vector<float>(12, 1.0f));
}

TEST(LossWeights, SurvivesBoxesOutsideTheFrame) {
  const std::vector<Box> boxes = {{-90, 0, 20, 3},
                                  {0, -90, 3, 20},
                                  {50, 0, 20, 3},
                                  {0, 50, 3, 20},
                                  {2147483647, 2147483647, 2147483647, 2147483647}};
  EXPECT_EQ(LossWeights({4, 3}, boxes), std::vector<float>(12, 1.0f));
}

}  // namespace
}  // namespace distill
}  // namespace shadowtutor
