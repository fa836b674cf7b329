#include "server/workspaces.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>

namespace shadowtutor::server {
namespace {

TEST(WorkspacesTest, WhoBorrowsHasOneAlone) {
  Workspaces workspaces;
  auto one = workspaces.Borrow();
  const auto other = workspaces.Borrow();
  EXPECT_NE(one, other);
  EXPECT_EQ(workspaces.borrowed(), 2u);
  const nn::TrainingWorkspace* given_back = one.get();
  one.reset();
  EXPECT_EQ(workspaces.unused(), 1u);
  EXPECT_EQ(workspaces.borrowed(), 1u);
  EXPECT_EQ(workspaces.Borrow().get(), given_back) << "memory is used again";
}

TEST(WorkspacesTest, FreesWhatIsUsedWhenItIsGivenBack) {
  Workspaces workspaces;
  auto used = workspaces.Borrow();
  workspaces.Borrow();
  ASSERT_EQ(workspaces.unused(), 1u);
  workspaces.Free();
  EXPECT_EQ(workspaces.unused(), 0u);
  used.reset();
  EXPECT_EQ(workspaces.unused(), 0u);
  workspaces.Borrow();
  EXPECT_EQ(workspaces.unused(), 1u);
}

TEST(WorkspacesTest, WhatIsBorrowedMayOutliveThem) {
  std::optional<Workspaces> workspaces(std::in_place);
  const auto borrowed = workspaces->Borrow();
  workspaces.reset();
  EXPECT_NE(borrowed, nullptr);
}

}  // namespace
}  // namespace shadowtutor::server
