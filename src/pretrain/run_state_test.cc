#include "pretrain/run_state.h"

#include <gtest/gtest.h>

#include "core/atomic_file.h"
#include "shadowtutor/types.h"
#include "video/testing/test_files.h"

namespace shadowtutor::pretrain {
namespace {

RunState Some() {
  RunState state;
  state.steps = 12345;
  state.learner = {{1, -2.5f, 3}, {0.1f, 0.2f, 0.3f}, {0.4f, 0, 0.6f}, 12345};
  state.best = {4, 5, 6};
  state.best_metric = 1.0 / 3;
  state.best_step = 11000;
  state.configuration = {{"batch", "16"}, {"crop", "320x240"}};
  return state;
}

ErrorCode CodeOf(const std::filesystem::path& file) {
  try {
    LoadRunState(file);
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::kInternal;
}

TEST(RunState, ComesBackToTheLastBit) {
  const testing::TemporaryFolder folder;
  const RunState state = Some();
  SaveRunState(state, folder / "a.state");
  const RunState back = LoadRunState(folder / "a.state");
  EXPECT_EQ(back.steps, state.steps);
  EXPECT_EQ(back.learner.trained, state.learner.trained);
  EXPECT_EQ(back.learner.moment1, state.learner.moment1);
  EXPECT_EQ(back.learner.moment2, state.learner.moment2);
  EXPECT_EQ(back.learner.adam_steps, state.learner.adam_steps);
  EXPECT_EQ(back.best, state.best);
  EXPECT_EQ(back.best_metric, state.best_metric);
  EXPECT_EQ(back.best_step, state.best_step);
  EXPECT_EQ(back.configuration, state.configuration);
}

TEST(RunState, DamagedFilesAreRefused) {
  const testing::TemporaryFolder folder;
  SaveRunState(Some(), folder / "a.state");
  const std::vector<uint8_t> whole = ReadFile(folder / "a.state", 1 << 20);
  for (size_t length = 0; length < whole.size(); length += 7) {
    WriteFileAtomically(folder / "b.state", std::span(whole).first(length));
    EXPECT_EQ(CodeOf(folder / "b.state"), ErrorCode::kDataLoss) << length;
  }
  RunState unequal = Some();
  unequal.learner.moment1.pop_back();
  SaveRunState(unequal, folder / "c.state");
  EXPECT_EQ(CodeOf(folder / "c.state"), ErrorCode::kDataLoss);
  EXPECT_EQ(CodeOf(folder / "none.state"), ErrorCode::kNotFound);
}

TEST(RunState, GoesOnOnlyWithTheSameOptions) {
  const RunState state = Some();
  EXPECT_NO_THROW(CheckSameRun(state, state.configuration));
  try {
    CheckSameRun(state, {{"batch", "8"}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kFailedPrecondition);
    EXPECT_NE(std::string(error.what()).find("another batch (16, now 8)"), std::string::npos);
  }
  try {
    CheckSameRun(state, {{"teacher's card", "1"}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kFailedPrecondition);
    EXPECT_NE(std::string(error.what()).find("earlier version"), std::string::npos);
  }
}

}  // namespace
}  // namespace shadowtutor::pretrain
