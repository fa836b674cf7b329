#include "cli/reference/man_page.h"

#include <gtest/gtest.h>

#include <map>

#include "core/atomic_file.h"
#include "eval/live/process.h"
#include "video/testing/test_files.h"

namespace shadowtutor::cli::reference {
namespace {

using testing::TemporaryFolder;

const CommandText& Program() {
  static const CommandText program = DescribeProgram();
  return program;
}

// Calls `check` for the program and each command at any depth.
template <typename Check>
void ForEach(const CommandText& command, Check check) {
  check(command);
  for (const CommandText& other : command.commands) ForEach(other, check);
}

std::string PageName(const CommandText& command) {
  std::string name = command.full_name + ".1";
  for (char& c : name) {
    if (c == ' ') c = '-';
  }
  return name;
}

// A page as a reader sees it, on lines that are too long to be broken. There may be no warning.
std::string Shown(const std::string& text) {
  const TemporaryFolder folder;
  WriteFileAtomically(folder / "page.1", text, false);
  std::string shown = eval::live::RunTool(
      {"/bin/sh", "-c", "groff -man -ww -Tascii -P-cbou -rLL=9999n \"$0\" 2>\"$0.warnings\"",
       (folder / "page.1").string()});
  EXPECT_EQ(testing::ReadText(folder / "page.1.warnings"), "");
  return shown;
}

bool HasGroff() { return !eval::live::FindProgram("groff").empty(); }

TEST(ManPage, RoffShowsTextAsItIs) {
  EXPECT_EQ(Roff("a-b"), "a\\-b");
  EXPECT_EQ(Roff("C:\\n"), "C:\\en");
  EXPECT_EQ(Roff(".TH\n'x' \"y\""), "\\&.TH\n.br\n\\&\\(aqx\\(aq \\(dqy\\(dq");
  EXPECT_EQ(Roff("~^`"), "\\(ti\\(ha\\(ga");
  EXPECT_EQ(Roff("\xc3\xa9\xe2\x82\xac"), "\\[u00E9]\\[u20AC]");
  if (!HasGroff()) GTEST_SKIP() << "groff is not installed";
  const std::string awkward = ".B 'it' \\fB \"-1\" ~^` %x";
  EXPECT_NE(Shown(".TH A 1\n.SH NAME\n" + Roff(awkward) + "\n").find(awkward), std::string::npos);
}

TEST(ManPage, ThereIsOneForEveryCommand) {
  std::map<std::string, std::string> pages;
  for (const ManPage& page : ManPages(Program())) pages[page.name] = page.text;
  size_t commands = 0;
  ForEach(Program(), [&](const CommandText& command) {
    ++commands;
    EXPECT_TRUE(pages.contains(PageName(command))) << command.full_name;
  });
  EXPECT_EQ(pages.size(), commands);
  for (const char* name : {"shadowtutor.1", "shadowtutor-serve.1", "shadowtutor-student-init.1"}) {
    EXPECT_TRUE(pages.contains(name)) << name;
  }
}

TEST(ManPage, HasEveryOptionAndShowsItWithoutAWarning) {
  if (!HasGroff()) GTEST_SKIP() << "groff is not installed";
  std::map<std::string, std::string> pages;
  for (const ManPage& page : ManPages(Program())) pages[page.name] = page.text;
  size_t options = 0;
  ForEach(Program(), [&](const CommandText& command) {
    const std::string shown = Shown(pages[PageName(command)]);
    const auto expect = [&](const std::string& part) {
      EXPECT_NE(shown.find(part), std::string::npos) << command.full_name << ": " << part;
    };
    for (const OptionText& option : command.options) {
      ++options;
      std::string names;
      for (const std::string& name : option.names) names += (names.empty() ? "" : ", ") + name;
      if (!option.value.empty() && !option.positional) {
        names += std::string(" ") + (option.value_may_be_left_away ? "[" : "") + option.value;
      }
      expect("       " + names);
      expect(option.description.substr(0, option.description.find("  ")));
      if (!option.default_value.empty()) expect("Default: " + option.default_value + ".");
      if (!option.variable.empty()) expect(option.variable);
    }
    for (const CommandText& other : command.commands) expect("       " + other.name);
  });
  EXPECT_GT(options, 200u);
}

}  // namespace
}  // namespace shadowtutor::cli::reference
