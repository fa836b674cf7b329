#include "cli/settings_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "core/atomic_file.h"
#include "core/testing/code_of.h"
#include "shadowtutor/types.h"

namespace shadowtutor::cli {
namespace {

namespace fs = std::filesystem;

// The only setting of a text, as "name|value".
std::string One(const std::string& text) {
  const std::vector<FileSetting> settings = ParseSettings(text, "f");
  if (settings.size() != 1) return std::to_string(settings.size()) + " settings";
  return settings[0].name + "|" + settings[0].value;
}

TEST(SettingsFile, HasOneSettingALine) {
  const auto settings = ParseSettings(
      "# a comment\n; another\n\nteacher = card.yaml\r\n  seed=7  \nquiet\nlisten = [::1]:7", "f");
  ASSERT_EQ(settings.size(), 4u);
  EXPECT_EQ(settings[0].name, "teacher");
  EXPECT_EQ(settings[0].value, "card.yaml");
  EXPECT_EQ(settings[0].line, 4);
  EXPECT_EQ(settings[1].value, "7");
  EXPECT_EQ(settings[2].value, "true");
  EXPECT_EQ(settings[3].value, "[::1]:7");
  EXPECT_EQ(settings[3].line, 7);
  EXPECT_TRUE(ParseSettings("", "f").empty());
  EXPECT_TRUE(ParseSettings("\xef\xbb\xbf# from an editor\n", "f").empty());
}

TEST(SettingsFile, AValueIsAllOfTheLineButItsComment) {
  EXPECT_EQ(One("a = b c, d"), "a|b c, d");
  EXPECT_EQ(One("a = b=c"), "a|b=c");
  EXPECT_EQ(One("a = b # c"), "a|b");
  EXPECT_EQ(One("a = b\t; c"), "a|b");
  EXPECT_EQ(One("a = b#c;d"), "a|b#c;d");
  EXPECT_EQ(One("a # c"), "a|true");
  EXPECT_EQ(One("a=b"), "a|b");  // of three characters
  EXPECT_EQ(One("a = \" b # 'c' \""), "a| b # 'c' ");
  EXPECT_EQ(One("a = 'b \\ \"c\"' # d"), "a|b \\ \"c\"");
}

TEST(SettingsFile, WhatIsNotUnderstoodIsRefusedWithItsLine) {
  for (const auto& [text, part] : std::vector<std::pair<std::string, std::string>>{
           {"\n\n[serve]\n", "f, line 3: [serve] begins a section"},
           {"a = 1\nb = 2\na = 3", "f, line 3: a stands in line 1 already"},
           {"a b = 1", "f, line 1: 'a b = 1' is not understood"},
           {"= 1", "is not understood"},
           {"teacher card.yaml", "write name = value"},
           {"a =", "f, line 1: a has no value"},
           {"a = # b", "a has no value"},
           {"a = ''", "a has no value"},
           {"a = \"b", "do not end"},
           {"a = \"b\" c", "after the quotes of a stands 'c'"},
           {std::string("\0\0\0", 3), "control characters"},
           {"a = \x1b[2J", "control characters"},
       }) {
    const std::string refusal = RefusalOf([&text = text] { ParseSettings(text, "f"); });
    EXPECT_NE(refusal.find(part), std::string::npos) << refusal;
  }
}

TEST(SettingsFile, AFileIsAPlainFileOfABoundedSizeThatCanBeRead) {
  const fs::path folder = fs::path(::testing::TempDir()) / "settings_file_test";
  fs::create_directories(folder);
  const auto refusal = [](const fs::path& file) { return RefusalOf([&] { ReadSettings(file); }); };
  EXPECT_NE(refusal(folder / "none").find("no such file"), std::string::npos);
  EXPECT_NE(refusal(folder).find("not a plain file"), std::string::npos);
  EXPECT_NE(refusal("/dev/zero").find("not a plain file"), std::string::npos);
  const fs::path file = folder / "serve.conf";
  WriteFileAtomically(file, std::string(kMaxSettingsBytes, '#'), false);
  EXPECT_TRUE(ReadSettings(file).empty());
  WriteFileAtomically(file, std::string(kMaxSettingsBytes + 1, '#'), false);
  EXPECT_NE(refusal(file).find("at most 65536"), std::string::npos) << refusal(file);
  WriteFileAtomically(file, std::string_view("seed = 3\n"), false);
  EXPECT_EQ(ReadSettings(file).front().value, "3");
  if (geteuid() != 0) {
    fs::permissions(file, fs::perms::none);
    EXPECT_NE(refusal(file).find("cannot read"), std::string::npos);
  }
  fs::remove_all(folder);
}

}  // namespace
}  // namespace shadowtutor::cli
