#include "core/overlap.h"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "shadowtutor/types.h"

namespace shadowtutor {
namespace {

namespace fs = std::filesystem;

class Overlap : public testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "frames");
    for (const char* name : {"clip.mp4", "other.mp4", "frames/0.png"}) {
      std::ofstream(folder_ / name) << "content";
    }
  }
  void TearDown() override { fs::remove_all(folder_); }

  // The sentence; empty if it is allowed.
  std::string Refused(const fs::path& input, const fs::path& output, bool is_folder = false) {
    return Refused({{"the source", input}}, {{output, is_folder}});
  }
  static std::string Refused(const std::vector<InputPath>& inputs,
                             const std::vector<OutputPath>& outputs) {
    try {
      RefuseOverlaps(inputs, outputs);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
      EXPECT_NE(std::string(error.what()), "");
      return error.what();
    }
    return "";
  }

  const fs::path folder_ =
      fs::path(testing::TempDir()) / ("overlap_test" + std::to_string(getpid()));
};

TEST_F(Overlap, AnOutputIsNotItsInput) {
  const fs::path clip = folder_ / "clip.mp4";
  EXPECT_NE(Refused(clip, clip), "");
  EXPECT_NE(Refused(clip, folder_ / "frames" / ".." / "clip.mp4"), "");
  EXPECT_EQ(Refused(clip, folder_ / "new.mp4"), "");
  EXPECT_EQ(Refused(clip, folder_ / "other.mp4"), "") << "an earlier output may be replaced";
  EXPECT_EQ(Refused("rtsp://camera/stream", folder_ / "new.mp4"), "");
  EXPECT_EQ(Refused("0", folder_ / "new.mp4"), "");
}

TEST_F(Overlap, LinksAreSeenThrough) {
  const fs::path clip = folder_ / "clip.mp4";
  fs::create_symlink("clip.mp4", folder_ / "link.mp4");
  fs::create_hard_link(clip, folder_ / "hard.mp4");
  fs::create_directory_symlink(folder_, folder_ / "frames" / "up");
  for (const char* name : {"link.mp4", "hard.mp4", "frames/up/clip.mp4"}) {
    EXPECT_NE(Refused(clip, folder_ / name), "") << name;
    EXPECT_NE(Refused(folder_ / name, clip), "") << name;
  }
}

TEST_F(Overlap, AnOutputDoesNotLieInItsInput) {
  const fs::path frames = folder_ / "frames";
  EXPECT_NE(Refused(frames, frames, true), "");
  EXPECT_NE(Refused(frames.string() + "/", frames, true), "");
  EXPECT_NE(Refused(frames, frames.string() + "/", true), "");
  EXPECT_NE(Refused(frames, frames / "masks", true), "");
  EXPECT_NE(Refused(frames, frames / "new.mp4"), "");
  EXPECT_EQ(Refused(frames, folder_ / "frames2", true), "") << "a name that begins alike";
  EXPECT_EQ(Refused(frames, folder_, true), "");
  fs::create_directory_symlink("frames", folder_ / "link");
  EXPECT_NE(Refused(frames, folder_ / "link", true), "");
  EXPECT_NE(Refused(folder_ / "link", frames / "new.jsonl"), "");
}

TEST_F(Overlap, FilesOfAnInputFolderHaveOtherNames) {
  fs::create_hard_link(folder_ / "frames" / "0.png", folder_ / "hard.png");
  EXPECT_NE(Refused(folder_ / "frames", folder_ / "hard.png"), "");
  fs::create_symlink(folder_ / "other.mp4", folder_ / "frames" / "1.png");
  EXPECT_NE(Refused(folder_ / "frames", folder_ / "other.mp4"), "");
  EXPECT_EQ(Refused(folder_ / "frames", folder_ / "clip.mp4"), "");
}

TEST_F(Overlap, TwoOutputsAreTwoFiles) {
  const fs::path one = folder_ / "one.jsonl", link = folder_ / "link";
  EXPECT_NE(Refused({}, {{one}, {one}}), "");
  fs::create_symlink("one.jsonl", link);
  EXPECT_NE(Refused({}, {{one}, {link}}), "") << "though the file is not there yet";
  EXPECT_EQ(Refused({}, {{one}, {folder_ / "two"}}), "");
  EXPECT_EQ(Refused({}, {{{}}, {{}}}), "") << "outputs that are not wanted";
  EXPECT_NE(Refused({}, {{folder_ / "m"}, {folder_ / "m/a", true}}), "") << "m is a file";
  EXPECT_NE(Refused({}, {{folder_ / "m/a", true}, {folder_ / "m"}}), "");
  EXPECT_EQ(Refused({}, {{folder_ / "m", true}, {folder_ / "m/a.json"}}), "");
  EXPECT_EQ(Refused({}, {{"/dev/null"}, {"/dev/null"}}), "");
}

TEST_F(Overlap, AMountGivesAFolderASecondName) {
  fs::create_directories(folder_ / "mount");
  if (mount(folder_.c_str(), (folder_ / "mount").c_str(), nullptr, MS_BIND, nullptr) != 0) {
    GTEST_SKIP() << "this user may not mount";
  }
  const std::string deep = Refused(folder_ / "frames", folder_ / "mount/frames/new/masks", true);
  const std::string file = Refused(folder_ / "frames", folder_ / "mount/frames/new.mp4");
  umount2((folder_ / "mount").c_str(), MNT_DETACH);
  EXPECT_NE(deep, "");
  EXPECT_NE(file, "");
}

}  // namespace
}  // namespace shadowtutor
