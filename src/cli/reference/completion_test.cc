#include "cli/reference/completion.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "core/atomic_file.h"
#include "eval/live/process.h"
#include "video/testing/test_files.h"

namespace shadowtutor::cli::reference {
namespace {

using testing::TemporaryFolder;
using testing::WriteText;

const CommandText& Program() {
  static const CommandText program = DescribeProgram();
  return program;
}

using Words = std::vector<std::string>;

// What bash itself completes, in a folder with the files card.yaml and clip.mp4 and the folder
// masks.
class Bash : public ::testing::Test {
 protected:
  void SetUp() override {
    if (eval::live::FindProgram("bash").empty()) GTEST_SKIP() << "bash is not installed";
    WriteFileAtomically(folder_ / "completion", BashCompletion(Program()), false);
    WriteText(folder_ / "card.yaml", "");
    WriteText(folder_ / "clip.mp4", "");
    std::filesystem::create_directory(folder_ / "masks");
    std::filesystem::remove(folder_ / "answer");
  }
  // `words` as bash splits a line; the last is the one to complete. Sorted.
  Words Complete(const Words& words) {
    std::string line;
    for (const std::string& word : words) line += " '" + word + "'";
    const std::string script =
        "cd " + folder_.path().string() +
        "; . ./completion; complete -p shadowtutor | grep -q -- '-F _shadowtutor ' || echo none; "
        "COMP_WORDS=(" +
        line + "); COMP_CWORD=" + std::to_string(words.size() - 1) +
        "; _shadowtutor; printf '%s\\n' \"${COMPREPLY[@]}\"";
    std::istringstream said(eval::live::RunTool({"/usr/bin/env", "bash", "-u", "-c", script}));
    Words answers;
    for (std::string answer; std::getline(said, answer);) {
      if (!answer.empty()) answers.push_back(answer);
    }
    std::sort(answers.begin(), answers.end());
    return answers;
  }
  // The names of a command's options that begin with `begin`.
  static Words OptionsOf(const CommandText& command, const std::string& begin) {
    Words names;
    for (const OptionText& option : command.options) {
      if (option.positional) continue;
      for (const std::string& name : option.names) {
        if (name.starts_with(begin)) names.push_back(name);
      }
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  const TemporaryFolder folder_;
};

TEST_F(Bash, CompletesCommands) {
  Words commands;
  for (const CommandText& command : Program().commands) commands.push_back(command.name);
  std::sort(commands.begin(), commands.end());
  EXPECT_EQ(Complete({"shadowtutor", ""}), commands);
  EXPECT_EQ(Complete({"shadowtutor", "se"}), Words{"serve"});
  EXPECT_EQ(Complete({"shadowtutor", "student", ""}), (Words{"convert", "info", "init"}));
  EXPECT_EQ(Complete({"shadowtutor", "--v"}), Words{"--version"});
}

TEST_F(Bash, CompletesEveryOptionOfEveryCommand) {
  for (const CommandText& command : Program().commands) {
    EXPECT_EQ(Complete({"shadowtutor", command.name, "-"}), OptionsOf(command, "-"));
    for (const CommandText& other : command.commands) {
      EXPECT_EQ(Complete({"shadowtutor", command.name, other.name, "--"}), OptionsOf(other, "--"));
    }
  }
  // After values, also those that are called as a command, and with = between.
  const Words tls = {"--tls-ca", "--tls-cert", "--tls-key"};
  EXPECT_EQ(Complete({"shadowtutor", "serve", "--listen", "run", "--seed", "=", "3", "--tls-"}),
            tls);
}

TEST_F(Bash, CompletesWhatAnOptionTakes) {
  EXPECT_EQ(Complete({"shadowtutor", "serve", "--policy", ""}),
            (Words{"balanced", "best", "frugal", "paper"}));
  EXPECT_EQ(Complete({"shadowtutor", "serve", "--policy", "=", "b"}), (Words{"balanced", "best"}));
  EXPECT_EQ(Complete({"shadowtutor", "run", "x", "--frame-codec", "="}),
            (Words{"av1", "h264", "jpeg", "raw", "vp9"}));
  EXPECT_EQ(Complete({"shadowtutor", "serve", "--seed", ""}), Words{});
}

TEST_F(Bash, CompletesFilesAndFolders) {
  const Words all = {"card.yaml", "clip.mp4", "completion", "masks"};
  EXPECT_EQ(Complete({"shadowtutor", "serve", "--teacher", ""}), all);
  EXPECT_EQ(Complete({"shadowtutor", "serve", "--config", "ca"}), Words{"card.yaml"});
  EXPECT_EQ(Complete({"shadowtutor", "run", "clip.mp4", "--masks", ""}), Words{"masks"});
  EXPECT_EQ(Complete({"shadowtutor", "run", "cl"}), Words{"clip.mp4"});
  EXPECT_EQ(Complete({"shadowtutor", "run", "clip.mp4", ""}), Words{});  // it has one source
  EXPECT_EQ(Complete({"shadowtutor", "teacher", "check", "card.yaml", "m"}), Words{"masks"});
  EXPECT_EQ(Complete({"shadowtutor", "report", ""}), Words{"masks"});
  // Its value may be left away.
  EXPECT_EQ(Complete({"shadowtutor", "run", "clip.mp4", "--json", "cl"}), Words{"clip.mp4"});
  EXPECT_EQ(Complete({"shadowtutor", "run", "clip.mp4", "--json", "--tls-k"}), Words{"--tls-key"});
}

// Whether a shell understands a file. It is not called.
void ExpectUnderstood(const std::string& shell, const std::string& text) {
  if (eval::live::FindProgram(shell).empty()) GTEST_SKIP() << shell << " is not installed";
  const TemporaryFolder folder;
  WriteFileAtomically(folder / "completion", text, false);
  EXPECT_NO_THROW(eval::live::RunTool(
      {eval::live::FindProgram(shell).string(), "-n", (folder / "completion").string()}));
}

TEST(Completion, ZshUnderstandsItsFile) { ExpectUnderstood("zsh", ZshCompletion(Program())); }
TEST(Completion, FishUnderstandsItsFile) { ExpectUnderstood("fish", FishCompletion(Program())); }

TEST(Completion, ZshAndFishHaveEveryOption) {
  const std::string zsh = ZshCompletion(Program()), fish = FishCompletion(Program());
  for (const CommandText& command : Program().commands) {
    for (const OptionText& option : command.options) {
      if (option.positional || !option.names.front().starts_with("--")) continue;
      const std::string& name = option.names.front();
      const bool flag = option.kind == OptionText::Kind::kFlag;
      EXPECT_NE(zsh.find("'" + std::string(option.many ? "*" : "") + name + (flag ? "[" : "=[")),
                std::string::npos)
          << name;
      EXPECT_NE(
          fish.find("'__shadowtutor_is " + command.full_name + "' -l " + name.substr(2) + " "),
          std::string::npos)
          << name;
    }
  }
  EXPECT_NE(zsh.find(":(paper frugal balanced best)"), std::string::npos);
  EXPECT_NE(fish.find("-x -a 'paper frugal balanced best'"), std::string::npos);
}

TEST(Completion, BriefIsTheFirstClause) {
  EXPECT_EQ(Brief("Address and port; port 0 takes a free one"), "Address and port");
  EXPECT_EQ(Brief("Model card (docs/teachers.md)"), "Model card");
  EXPECT_EQ(Brief("One. Two"), "One");
  EXPECT_EQ(Brief("0.5 at most"), "0.5 at most");
}

}  // namespace
}  // namespace shadowtutor::cli::reference
