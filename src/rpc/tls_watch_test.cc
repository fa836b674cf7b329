#include "rpc/tls_watch.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string_view>

#include "core/atomic_file.h"
#include "video/testing/test_files.h"

namespace shadowtutor::rpc {
namespace {

namespace fs = std::filesystem;
using shadowtutor::testing::TemporaryFolder;
using Clock = TlsWatch::Clock;

class TlsWatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"cert", "key", "ca"}) Write(name, "first");
  }
  void Write(const char* name, std::string_view text) {
    WriteFileAtomically(folder_ / name, text, false);
  }
  // At the watch's next look.
  bool Changed(TlsWatch& watch) { return watch.Changed(now_ += TlsWatch::kEvery); }

  const TemporaryFolder folder_;
  const TlsFiles files_{folder_ / "cert", folder_ / "key", folder_ / "ca"};
  Clock::time_point now_{std::chrono::hours(1)};
};

TEST_F(TlsWatchTest, TellsOnceOfFilesThatHaveChangedAndStayed) {
  TlsWatch watch(files_);
  EXPECT_FALSE(Changed(watch));
  Write("cert", "other");
  EXPECT_FALSE(Changed(watch)) << "the key may be on its way";
  Write("key", "other");
  EXPECT_FALSE(Changed(watch));
  EXPECT_TRUE(Changed(watch));
  EXPECT_FALSE(Changed(watch));
  EXPECT_FALSE(Changed(watch));
}

TEST_F(TlsWatchTest, LooksNoMoreOftenThanItShould) {
  TlsWatch watch(files_);
  EXPECT_FALSE(Changed(watch));
  Write("cert", "other");
  EXPECT_FALSE(Changed(watch));
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(watch.Changed(now_ + TlsWatch::kEvery / 2));
  EXPECT_TRUE(Changed(watch));
}

TEST_F(TlsWatchTest, NoticesAFileThatIsWrittenInPlaceRemovedOrLinkedElsewhere) {
  TlsWatch watch(files_);
  testing::WriteText(folder_ / "ca", "longer than before");
  EXPECT_FALSE(Changed(watch));
  EXPECT_TRUE(Changed(watch));
  fs::remove(folder_ / "key");
  EXPECT_FALSE(Changed(watch));
  EXPECT_TRUE(Changed(watch));
  fs::create_symlink(folder_ / "cert", folder_ / "key");
  EXPECT_FALSE(Changed(watch));
  EXPECT_TRUE(Changed(watch));
}

TEST_F(TlsWatchTest, DoesNotTellOfWhatWasReadMeanwhile) {
  TlsWatch watch(files_);
  EXPECT_FALSE(Changed(watch));
  Write("cert", "other");
  watch.Read();
  EXPECT_FALSE(Changed(watch));
  EXPECT_FALSE(Changed(watch));
}

TEST_F(TlsWatchTest, WithoutFilesNothingChanges) {
  TlsWatch watch({});
  EXPECT_FALSE(Changed(watch));
  EXPECT_FALSE(Changed(watch));
}

}  // namespace
}  // namespace shadowtutor::rpc
