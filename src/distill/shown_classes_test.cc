#include "distill/shown_classes.h"

#include <gtest/gtest.h>

namespace shadowtutor::distill {
namespace {

using Classes = std::vector<uint8_t>;

// 10x10 pixels of class 0 but so many of another.
LabelMap With(uint8_t other, int pixels) {
  LabelMap label(10, 10);
  for (int i = 0; i < pixels; ++i) label.labels()[static_cast<size_t>(i)] = other;
  return label;
}

TEST(ShownClasses, ThoseOfTheLastLabels) {
  ShownClasses shown(2);
  EXPECT_EQ(shown.After(With(3, 1)), Classes({0, 3}));
  EXPECT_EQ(shown.After(With(5, 1)), Classes({0, 3, 5}));
  EXPECT_EQ(shown.After(With(7, 1)), Classes({0, 5, 7}));
  EXPECT_EQ(ShownClasses(0).After(With(3, 1)), Classes());
}

TEST(ShownClasses, SpecksDoNotCount) {
  ShownClasses shown(2, 0.04);
  EXPECT_EQ(shown.After(With(3, 3)), Classes({0}));
  EXPECT_EQ(shown.After(With(3, 4)), Classes({0, 3}));
  EXPECT_EQ(ShownClasses(2, 1).After(With(3, 60)), Classes({3}));
  // Nor does a class of no pixels, whatever is asked for.
  EXPECT_EQ(ShownClasses(2, 0).After(With(3, 0)), Classes({0}));
}

}  // namespace
}  // namespace shadowtutor::distill
