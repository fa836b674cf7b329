#include "core/output_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/atomic_file.h"
#include "shadowtutor/types.h"

namespace shadowtutor {
namespace {

namespace fs = std::filesystem;

class OutputFile : public testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  static std::string TextOf(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      names.push_back(entry.path().filename().string());
    }
    return names;
  }
  static std::optional<ErrorCode> CodeOf(const std::function<void()>& body) {
    try {
      body();
    } catch (const Error& error) {
      return error.code();
    }
    return std::nullopt;
  }

  const fs::path folder_ =
      fs::path(testing::TempDir()) / ("output_file_test" + std::to_string(getpid()));
};

TEST_F(OutputFile, IsThereAfterCommitAndNotBefore) {
  PendingFile pending(folder_ / "new" / "a.txt");
  pending.Write("whole");
  EXPECT_FALSE(fs::exists(folder_ / "new" / "a.txt"));
  pending.Commit();
  EXPECT_EQ(TextOf(folder_ / "new" / "a.txt"), "whole");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "new"), {}), 1);
}

TEST_F(OutputFile, WithoutCommitNothingChanges) {
  WriteFileAtomically(folder_ / "a.txt", "old");
  { PendingFile(folder_ / "a.txt").Write("new"); }
  EXPECT_EQ(TextOf(folder_ / "a.txt"), "old");
  EXPECT_EQ(Names(), std::vector<std::string>{"a.txt"});
}

TEST_F(OutputFile, LinksAreFollowed) {
  WriteFileAtomically(folder_ / "real", "old");
  fs::create_symlink("real", folder_ / "link");
  fs::create_symlink(folder_ / "link", folder_ / "link to link");
  WriteFileAtomically(folder_ / "link to link", "new");
  EXPECT_EQ(TextOf(folder_ / "real"), "new");
  EXPECT_TRUE(fs::is_symlink(folder_ / "link"));
  fs::create_symlink("not there yet", folder_ / "dangling");
  WriteFileAtomically(folder_ / "dangling", "made");
  EXPECT_EQ(TextOf(folder_ / "not there yet"), "made");
  fs::create_symlink("circle", folder_ / "circle");
  EXPECT_EQ(CodeOf([&] { WriteFileAtomically(folder_ / "circle", "x"); }), ErrorCode::kUnavailable);
}

TEST_F(OutputFile, PipesAndDevicesAreWrittenInto) {
  const fs::path pipe = folder_ / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  std::string got;
  std::thread reader([&] { got = TextOf(pipe); });
  {
    PendingFile pending(pipe);
    pending.Write("through ");
    pending.Write("the pipe");
    pending.Commit();
  }
  reader.join();
  EXPECT_EQ(got, "through the pipe");
  EXPECT_TRUE(fs::is_fifo(pipe));
  WriteFileAtomically("/dev/null", "x");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  if (fs::exists("/dev/full")) {
    EXPECT_EQ(CodeOf([] { WriteFileAtomically("/dev/full", "x"); }), ErrorCode::kUnavailable);
    EXPECT_TRUE(fs::is_character_file("/dev/full"));
  }
}

TEST_F(OutputFile, NamesOfOwnDescriptorsShareTheirPosition) {
  const int descriptor = open((folder_ / "out").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_GE(descriptor, 0);
  WriteAll(descriptor, "one ", "out");
  WriteFileAtomically("/dev/fd/" + std::to_string(descriptor), "two ");
  WriteAll(descriptor, "three", "out");
  close(descriptor);
  EXPECT_EQ(TextOf(folder_ / "out"), "one two three");
}

TEST_F(OutputFile, PermissionsStayAsTheyWere) {
  WriteFileAtomically(folder_ / "a", "x");
  ASSERT_EQ(chmod((folder_ / "a").c_str(), 0640), 0);
  WriteFileAtomically(folder_ / "a", "y");
  struct stat status = {};
  ASSERT_EQ(stat((folder_ / "a").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, mode_t{0640});
}

TEST_F(OutputFile, WriteProtectedFilesAreKept) {
  WriteFileAtomically(folder_ / "a", "precious");
  ASSERT_EQ(chmod((folder_ / "a").c_str(), 0444), 0);
  EXPECT_EQ(CodeOf([&] { WriteFileAtomically(folder_ / "a", "y"); }), ErrorCode::kUnavailable);
  EXPECT_EQ(CodeOf([&] { OutputStream(folder_ / "a").Close(); }), ErrorCode::kUnavailable);
  EXPECT_EQ(TextOf(folder_ / "a"), "precious");
}

TEST_F(OutputFile, ASecondWriterIsRefusedWhileTheFirstOneLives) {
  {
    PendingFile first(folder_ / "a");
    EXPECT_EQ(CodeOf([&] { PendingFile(folder_ / "a"); }), ErrorCode::kFailedPrecondition);
    fs::create_symlink("a", folder_ / "link");
    EXPECT_EQ(CodeOf([&] { PendingFile(folder_ / "link"); }), ErrorCode::kFailedPrecondition);
    PendingFile other(folder_ / "a.b");  // another file, though its name begins alike
    EXPECT_EQ(CodeOf([&] { OutputStream(folder_ / "a"); }), ErrorCode::kFailedPrecondition);
    first.Write("x");
    first.Commit();
  }
  PendingFile again(folder_ / "a");

  std::optional<OutputStream> stream(std::in_place, folder_ / "lines");
  stream->Write("kept");
  EXPECT_EQ(CodeOf([&] { OutputStream(folder_ / "lines"); }), ErrorCode::kFailedPrecondition);
  EXPECT_EQ(CodeOf([&] { PendingFile(folder_ / "lines"); }), ErrorCode::kFailedPrecondition);
  EXPECT_EQ(TextOf(folder_ / "lines"), "kept");
  stream.reset();
  OutputStream(folder_ / "lines").Close();
  EXPECT_EQ(TextOf(folder_ / "lines"), "");

  const FolderLock lock(folder_ / "masks");
  EXPECT_EQ(CodeOf([&] { FolderLock second(folder_ / "masks"); }), ErrorCode::kFailedPrecondition);
}

TEST_F(OutputFile, WhatAKilledProcessLeftIsRemovedAndNothingElse) {
  const pid_t child = fork();
  if (child == 0) {
    PendingFile pending(folder_ / "a");
    pending.Write("half");
    raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(Names().size(), 1u);
  const std::string left = Names()[0];
  const std::vector<std::string> others = {"a.part", "a.1-abcdef", "a.x-abcdef.part",
                                           "a.99999999-abc.part", "b.99999999-abcdef.part"};
  for (const std::string& name : others) WriteFileAtomically(folder_ / name, "of somebody else");
  PendingFile(folder_ / "a").Commit();
  EXPECT_FALSE(fs::exists(folder_ / left));
  for (const std::string& name : others) EXPECT_TRUE(fs::exists(folder_ / name)) << name;

  PendingFile alive(folder_ / "c");
  const FolderLock lock(folder_);
  EXPECT_FALSE(fs::exists(folder_ / others.back())) << "a temporary of nobody who lives";
  EXPECT_EQ(Names().size(), 2 + others.size() - 1) << "a, the temporary of c, and the others";
}

TEST_F(OutputFile, NamesMayBeAsLongAsTheFileSystemTakes) {
  const fs::path longest = folder_ / (std::string(251, 'x') + ".txt");
  PendingFile pending(longest);
  pending.Write("x");
  EXPECT_EQ(CodeOf([&] { PendingFile second(longest); }), ErrorCode::kFailedPrecondition);
  pending.Commit();
  EXPECT_EQ(TextOf(longest), "x");
}

TEST_F(OutputFile, FoldersAreNoFiles) {
  EXPECT_EQ(CodeOf([&] { PendingFile pending(folder_); }), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf([&] { PendingFile pending(folder_ / "a/"); }), ErrorCode::kInvalidArgument);
  WriteFileAtomically(folder_ / "a", "x");
  EXPECT_EQ(CodeOf([&] { PendingFile pending(folder_ / "a/b"); }), ErrorCode::kUnavailable);
}

TEST_F(OutputFile, AReaderThatHasGoneIsTold) {
  signal(SIGPIPE, SIG_IGN);
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  close(ends[0]);
  EXPECT_EQ(CodeOf([&] { WriteAll(ends[1], "x", "pipe"); }), ErrorCode::kCancelled);
  close(ends[1]);
}

TEST_F(OutputFile, AStreamKeepsWhatWasThereUntilItBegins) {
  WriteFileAtomically(folder_ / "a", "before");
  { const OutputStream claimed(folder_ / "a"), created(folder_ / "b"); }
  EXPECT_EQ(TextOf(folder_ / "a"), "before");
  EXPECT_FALSE(fs::exists(folder_ / "b"));
  OutputStream stream(folder_ / "a");
  stream.Write("new");
  EXPECT_EQ(TextOf(folder_ / "a"), "new");
}

TEST_F(OutputFile, WhatCannotBeWrittenIsToldAtOnce) {
  EXPECT_EQ(CodeOf([] { PendingFile("/dev/fd/177"); }), ErrorCode::kUnavailable) << "not open";
  const int reading = open("/dev/null", O_RDONLY | O_CLOEXEC);
  const std::string name = "/dev/fd/" + std::to_string(reading);
  EXPECT_EQ(CodeOf([&] { PendingFile pending(name); }), ErrorCode::kUnavailable);
  EXPECT_EQ(CodeOf([&] { OutputStream stream(name); }), ErrorCode::kUnavailable);
  close(reading);
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "there is no /dev/full here";
  EXPECT_EQ(CodeOf([] { PendingFile("/dev/full"); }), ErrorCode::kUnavailable);
  EXPECT_EQ(CodeOf([] { OutputStream("/dev/full"); }), ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace shadowtutor
