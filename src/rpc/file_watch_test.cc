#include "rpc/file_watch.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string_view>
#include <vector>

#include "core/atomic_file.h"
#include "video/testing/test_files.h"

namespace shadowtutor::rpc {
namespace {

namespace fs = std::filesystem;
using shadowtutor::testing::TemporaryFolder;
using shadowtutor::testing::WriteText;
using Clock = FileWatch::Clock;

class FileWatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"cert", "key", "ca"}) Write(name, "first");
  }
  void Write(const char* name, std::string_view text) {
    WriteFileAtomically(folder_ / name, text, false);
  }
  // At the watch's next look.
  bool Changed(FileWatch& watch) { return watch.Changed(now_ += FileWatch::kEvery); }

  const TemporaryFolder folder_;
  const std::vector<fs::path> files_{folder_ / "cert", folder_ / "key", folder_ / "ca"};
  Clock::time_point now_{std::chrono::hours(1)};
};

TEST_F(FileWatchTest, TellsOnceOfFilesThatHaveChangedAndStayed) {
  FileWatch watch(files_);
  EXPECT_FALSE(Changed(watch));
  Write("cert", "other");
  EXPECT_FALSE(Changed(watch)) << "the key may be on its way";
  Write("key", "other");
  EXPECT_FALSE(Changed(watch));
  EXPECT_TRUE(Changed(watch));
  EXPECT_FALSE(Changed(watch));
  EXPECT_FALSE(Changed(watch));
}

TEST_F(FileWatchTest, LooksNoMoreOftenThanItShould) {
  FileWatch watch(files_);
  EXPECT_FALSE(Changed(watch));
  Write("cert", "other");
  EXPECT_FALSE(Changed(watch));
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(watch.Changed(now_ + FileWatch::kEvery / 2));
  EXPECT_TRUE(Changed(watch));
}

TEST_F(FileWatchTest, NoticesAFileThatIsWrittenInPlaceRemovedOrLinkedElsewhere) {
  FileWatch watch(files_);
  WriteText(folder_ / "ca", "longer than before");
  EXPECT_FALSE(Changed(watch));
  EXPECT_TRUE(Changed(watch));
  fs::remove(folder_ / "key");
  EXPECT_FALSE(Changed(watch));
  EXPECT_TRUE(Changed(watch));
  fs::create_symlink(folder_ / "cert", folder_ / "key");
  EXPECT_FALSE(Changed(watch));
  EXPECT_TRUE(Changed(watch));
}

TEST_F(FileWatchTest, DoesNotTellOfWhatWasReadMeanwhile) {
  FileWatch watch(files_);
  EXPECT_FALSE(Changed(watch));
  Write("cert", "other");
  watch.Read();
  EXPECT_FALSE(Changed(watch));
  EXPECT_FALSE(Changed(watch));
}

TEST_F(FileWatchTest, WithoutFilesNothingChanges) {
  FileWatch watch({});
  EXPECT_FALSE(Changed(watch));
  EXPECT_FALSE(Changed(watch));
}

}  // namespace
}  // namespace shadowtutor::rpc
