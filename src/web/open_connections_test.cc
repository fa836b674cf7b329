#include "web/open_connections.h"

#include <gtest/gtest.h>

#include <memory>

namespace shadowtutor::web {
namespace {

struct Counted final : Connection {
  void Cut() override { ++cuts; }
  int cuts = 0;
};

TEST(OpenConnections, AreCutOffOnce) {
  OpenConnections open;
  const auto first = std::make_shared<Counted>(), second = std::make_shared<Counted>();
  open.Add(first);
  open.Add(second);
  open.Add(std::make_shared<Counted>());  // over at once
  open.CutAll();
  open.CutAll();
  EXPECT_EQ(first->cuts, 1);
  EXPECT_EQ(second->cuts, 1);
}

TEST(OpenConnections, ThoseThatComeLaterAreCutOffToo) {
  OpenConnections open;
  open.CutAll();
  const auto late = std::make_shared<Counted>();
  open.Add(late);
  EXPECT_EQ(late->cuts, 1);
}

}  // namespace
}  // namespace shadowtutor::web
