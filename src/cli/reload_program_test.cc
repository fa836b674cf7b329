// SIGHUP, as administrators and service managers send it to a server.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>

#include "core/atomic_file.h"
#include "eval/live/process.h"
#include "rpc/testing/certificates.h"
#include "teacher/label_folder.h"
#include "video/testing/test_files.h"

namespace shadowtutor::cli {
namespace {

namespace fs = std::filesystem;
using eval::live::Process;
using rpc::testing::CertificateFiles;
using rpc::testing::MakeCertificate;
using testing::ReadText;
using testing::TemporaryFolder;

constexpr std::chrono::seconds kPatience{60};

class ReloadProgram : public ::testing::Test {
 protected:
  void SetUp() override {
    const teacher::LabelFolder labels(folder_ / "labels", 2);
    labels.WriteCard({{{"background", {0, 0, 0}}, {"person", {255, 0, 0}}}, 0, "test"});
    teacher::Answer answer;
    answer.label = LabelMap(64, 48, 0);
    labels.Write(0, answer);
  }
  void Start(const std::string& settings) {
    WriteFileAtomically(folder_ / "serve.conf",
                        "teacher = labels/card.yaml\nlisten = 127.0.0.1:0\n"
                        "student-width = 0.25\n" +
                            settings,
                        false);
    // The shell tells its number, which is then the program's.
    server_.emplace(eval::live::Command{
        .arguments = {"/bin/sh", "-c", "echo $$; exec \"$0\" serve --config \"$1\"",
                      SHADOWTUTOR_PROGRAM, (folder_ / "serve.conf").string()},
        .log = folder_ / "log"});
    const auto deadline = Process::Clock::now() + kPatience;
    pid_ = std::stoi(server_->ReadLine(deadline).value_or("0"));
    ASSERT_GT(pid_, 1);
    ASSERT_NE(server_->ReadLine(deadline).value_or("").find("listening on "), std::string::npos)
        << ReadText(folder_ / "log");
  }
  // Sends SIGHUP, and waits until the log has a new line with `part` in it.
  bool HangUpSays(const std::string& part) {
    const size_t before = ReadText(folder_ / "log").size();
    kill(pid_, SIGHUP);
    return LogSays(part, before);
  }
  // Waits until the log has a line with `part` in it, behind its first bytes.
  bool LogSays(const std::string& part, size_t before = 0) {
    const auto deadline = Process::Clock::now() + kPatience;
    while (Process::Clock::now() < deadline) {
      if (ReadText(folder_ / "log").find(part, before) != std::string::npos) return true;
      std::this_thread::yield();
    }
    return false;
  }
  int End() { return server_->Terminate(Process::Clock::now() + kPatience); }

  const TemporaryFolder folder_;
  std::optional<Process> server_;
  int pid_ = 0;
};

TEST_F(ReloadProgram, ReadsTheTlsFilesAgainAndStays) {
  const auto make = [&](const char* name) {
    return MakeCertificate(folder_.path(), "server", {.name = name});
  };
  const CertificateFiles files = make("first");
  Start("tls-cert = server.pem\ntls-key = server.key\n");
  make("second");
  EXPECT_TRUE(HangUpSays("new connections get the certificate of second, valid until "));
  WriteFileAtomically(files.key, std::string_view("nonsense"), false);
  EXPECT_TRUE(HangUpSays("those from before stay in use: "));
  MakeCertificate(folder_.path(), "server", {.name = "third", .from_days = -9, .to_days = -2});
  EXPECT_TRUE(HangUpSays("expired on"));
  EXPECT_EQ(End(), 0);
}

TEST_F(ReloadProgram, AQuietServerTellsOnlyOfFilesThatItCannotUse) {
  const CertificateFiles files =
      MakeCertificate(folder_.path(), "server", {.name = "first", .from_days = -9, .to_days = -2});
  Start("tls-cert = server.pem\ntls-key = server.key\nquiet\n");
  WriteFileAtomically(files.key, std::string_view("nonsense"), false);
  EXPECT_TRUE(HangUpSays("those from before stay in use: "));
  EXPECT_EQ(End(), 0);
  const std::string told = ReadText(folder_ / "log");
  EXPECT_EQ(std::count(told.begin(), told.end(), '\n'), 1) << told;
}

TEST_F(ReloadProgram, ReadsTheWebServersTokenAgain) {
  WriteFileAtomically(folder_ / "token", std::string_view("0123456789abcdef\n"), false);
  fs::permissions(folder_ / "token", fs::perms(0600));
  Start("web = 127.0.0.1:0\nweb-token-file = token\n");
  EXPECT_TRUE(HangUpSays("read the web server's token again"));
  WriteFileAtomically(folder_ / "token", std::string_view("short\n"), false);
  EXPECT_TRUE(HangUpSays("the one from before stays in use: the token in "));
  WriteFileAtomically(folder_ / "token", std::string_view("fedcba9876543210\n"), false);
  fs::permissions(folder_ / "token", fs::perms(0644));
  EXPECT_TRUE(HangUpSays("every user of this machine can get at the token in "));
  EXPECT_EQ(End(), 0);
}

TEST_F(ReloadProgram, ReadsTheClientsTokensAgain) {
  const auto list = [&](std::string_view text) {
    WriteFileAtomically(folder_ / "tokens", text, false);
    fs::permissions(folder_ / "tokens", fs::perms(0600));
  };
  list("camera-1 0123456789abcdef\n");
  Start("tokens = tokens\n");
  list("camera-1 0123456789abcdef\ncamera-2 fedcba9876543210\n");
  EXPECT_TRUE(HangUpSays("read the clients' tokens again; 2 devices"));
  list("camera-1 short\n");
  EXPECT_TRUE(HangUpSays("those from before stay in use: line 1 of "));
  EXPECT_EQ(End(), 0);
}

TEST_F(ReloadProgram, TakesARenewedCertificateWithoutASignal) {
  MakeCertificate(folder_.path(), "server", {.name = "first"});
  Start("tls-cert = server.pem\ntls-key = server.key\nlog-format = json\n");
  MakeCertificate(folder_.path(), "server", {.name = "second"});
  EXPECT_TRUE(
      LogSays("\"message\":\"the TLS files have changed: read the TLS files again; new "
              "connections get the certificate of second, valid until "));
  WriteFileAtomically(folder_ / "server.key", std::string_view("nonsense"), false);
  EXPECT_TRUE(
      LogSays("\"level\":\"error\",\"message\":\"the TLS files have changed: the TLS files "
              "cannot be used, and those from before stay in use"));
  EXPECT_EQ(End(), 0);
}

TEST_F(ReloadProgram, WithoutTlsNothingHappens) {
  Start("");
  EXPECT_TRUE(HangUpSays("there are no TLS files"));
  EXPECT_EQ(End(), 0);
}

}  // namespace
}  // namespace shadowtutor::cli
