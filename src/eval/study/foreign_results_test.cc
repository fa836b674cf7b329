#include "eval/study/foreign_results.h"

#include <gtest/gtest.h>

#include "eval/study/stored.h"
#include "eval/study/study_results.h"
#include "shadowtutor/types.h"
#include "video/testing/test_files.h"

namespace shadowtutor::eval {
namespace {

namespace fs = std::filesystem;
using testing::ErrorOf;
using testing::TemporaryFolder;
using testing::WriteText;

// What an evaluation writes today is known again.
TEST(ForeignResults, OursAreOurs) {
  const TemporaryFolder folder;
  fs::create_directories(folder / "clips");
  fs::create_directories(folder / "runs");
  fs::create_directories(folder / "samples");
  Store(folder / "clips/a.json", {{"video", "1"}}, "{}");
  Store(folder / "runs/a.json", {{"video", "1"}}, "{}");
  WriteText(folder / "samples/a.jpg", "a picture");
  const StudyResults results;
  WriteResults(results, folder.path());  // results.json, runs.csv, frames.csv
  EXPECT_TRUE(fs::exists(folder / "runs.csv"));
  RefuseForeignResults(folder.path());
}

TEST(ForeignResults, OthersAreRefused) {
  for (const char* name : {"results.json", "runs.csv", "frames.csv", "live.csv", "clips/a.json",
                           "runs/a.json", "samples/a.jpg"}) {
    const TemporaryFolder folder;
    fs::create_directories((folder / name).parent_path());
    WriteText(folder / name, "of somebody else");
    const Error error = ErrorOf([&] { RefuseForeignResults(folder.path()); });
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument) << name;
    EXPECT_TRUE(testing::Says(error, name)) << error.what();
  }
}

}  // namespace
}  // namespace shadowtutor::eval
