#include "eval/live/link.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "eval/live/process.h"
#include "shadowtutor/types.h"

namespace shadowtutor::eval::live {
namespace {

namespace fs = std::filesystem;

int OursNow(int pid) {
  int count = 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/run/netns", error)) {
    count +=
        entry.path().filename().string().starts_with("shadowtutor-" + std::to_string(pid) + "-");
  }
  return count;
}

TEST(Link, ALimitIsPassedToTheClient) {
  const auto link = OpenLink("limit", {});
  link->SetBandwidth(12.5);
  EXPECT_EQ(link->name(), "limit");
  EXPECT_EQ(link->client_arguments(), (std::vector<std::string>{"--bandwidth", "12.5"}));
  EXPECT_EQ(link->client_namespace(), -1);
  EXPECT_THROW(OpenLink("rope", {}), Error);
}

TEST(Link, AutomaticallyWithALineWhereThereAreNoNamespaces) {
  std::string said;
  const auto link = OpenLink("auto", [&](const std::string& line) { said += line; });
  EXPECT_EQ(link->name() == "limit", !said.empty()) << said;
  if (!WhyNoNamespaces().empty()) {
    EXPECT_EQ(link->name(), "limit");
    EXPECT_THROW(NamespaceLink(), Error);
  }
}

TEST(Link, NamespacesHoldAShapedPairAndAreGoneAfterwards) {
  if (const std::string why = WhyNoNamespaces(); !why.empty()) GTEST_SKIP() << why;
  const std::string server = "shadowtutor-" + std::to_string(getpid()) + "-server";
  {
    std::unique_ptr<Link> link;
    try {
      link = NamespaceLink();
    } catch (const Error& error) {
      GTEST_SKIP() << "this system lets nobody make network namespaces: " << error.what();
    }
    EXPECT_EQ(OursNow(getpid()), 2);
    for (const double mbit : {80.0, 12.0}) {
      link->SetBandwidth(mbit);
      const std::string shown =
          RunTool({FindProgram("tc"), "-n", server, "qdisc", "show", "dev", "st0"});
      EXPECT_NE(shown.find("tbf"), std::string::npos) << shown;
      EXPECT_NE(shown.find("rate " + std::to_string(static_cast<int>(mbit)) + "Mbit"),
                std::string::npos)
          << shown;
    }
    // A process in there sees its own address alone.
    Process process({.arguments = {FindProgram("ip"), "-o", "-4", "address", "show", "dev", "st0"},
                     .log = {},
                     .network_namespace = link->server_namespace()});
    const std::string shown = process.ReadAll(Process::Clock::now() + std::chrono::seconds(60));
    EXPECT_NE(shown.find("10.213.77.1/30"), std::string::npos) << shown;
  }
  EXPECT_EQ(OursNow(getpid()), 0);
}

TEST(Link, NamespacesOfAProcessThatWasKilledAreRemoved) {
  if (const std::string why = WhyNoNamespaces(); !why.empty()) GTEST_SKIP() << why;
  // A process that is no more: its number stays free until numbers wrap around.
  Process gone({.arguments = {FindProgram("sh"), "-c", "echo $$"}, .log = {}});
  const int pid =
      std::stoi(gone.ReadLine(Process::Clock::now() + std::chrono::seconds(60)).value_or("0"));
  gone.Wait(Process::Clock::now() + std::chrono::seconds(60));
  try {
    RunTool({FindProgram("ip"), "netns", "add", "shadowtutor-" + std::to_string(pid) + "-client"});
  } catch (const Error& error) {
    GTEST_SKIP() << "this system lets nobody make network namespaces: " << error.what();
  }
  ASSERT_EQ(OursNow(pid), 1);
  NamespaceLink();
  EXPECT_EQ(OursNow(pid), 0);
}

}  // namespace
}  // namespace shadowtutor::eval::live
