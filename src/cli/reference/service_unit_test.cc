// deploy/shadowtutor.service, as far as it can be checked without starting it.
#include <gtest/gtest.h>

#include <string>

#include "cli/reference/command_tree.h"
#include "core/atomic_file.h"
#include "eval/live/process.h"
#include "video/testing/test_files.h"

namespace shadowtutor::cli::reference {
namespace {

using testing::ReadText;
using testing::TemporaryFolder;

std::string Unit() { return ReadText(SHADOWTUTOR_SOURCE_DIR "/deploy/shadowtutor.service"); }

TEST(ServiceUnit, SystemdUnderstandsIt) {
  if (eval::live::FindProgram("systemd-analyze").empty()) {
    GTEST_SKIP() << "systemd is not installed";
  }
  // Here the program and its page are not where a package has them.
  std::string unit = Unit();
  const std::string program = "/usr/bin/shadowtutor ";
  ASSERT_NE(unit.find(program), std::string::npos);
  unit.replace(unit.find(program), program.size(), "/bin/true ");
  const TemporaryFolder folder;
  WriteFileAtomically(folder / "shadowtutor.service", unit, false);
  const std::string said =
      eval::live::RunTool({"/bin/sh", "-c", "systemd-analyze verify --man=no \"$0\" 2>&1",
                           (folder / "shadowtutor.service").string()});
  EXPECT_EQ(said.find("shadowtutor.service:"), std::string::npos) << said;
}

TEST(ServiceUnit, CallsTheProgramWithOptionsThatItHas) {
  EXPECT_NE(Unit().find("ExecStart=/usr/bin/shadowtutor serve --config /etc/shadowtutor/"),
            std::string::npos);
  const CommandText program = DescribeProgram();
  const CommandText* serve = program.Find("serve");
  ASSERT_NE(serve, nullptr);
  bool has_config = false;
  for (const OptionText& option : serve->options) {
    has_config |= option.names.front() == "--config" && option.kind == OptionText::Kind::kFile;
  }
  EXPECT_TRUE(has_config);
}

}  // namespace
}  // namespace shadowtutor::cli::reference
