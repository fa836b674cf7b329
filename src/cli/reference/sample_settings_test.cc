#include "cli/reference/sample_settings.h"

#include <gtest/gtest.h>

#include <set>

#include "cli/settings_file.h"
#include "core/atomic_file.h"

namespace shadowtutor::cli::reference {
namespace {

std::string TextOf(const std::string& file) {
  const std::vector<uint8_t> bytes = ReadFile(file, kMaxSettingsBytes);
  return {bytes.begin(), bytes.end()};
}

const CommandText& Serve() {
  static const CommandText program = DescribeProgram();
  return *program.Find("serve");
}

TEST(SampleSettings, DeployHasTheOptionsThatThereAre) {
  EXPECT_EQ(TextOf(SHADOWTUTOR_SOURCE_DIR "/deploy/serve.conf"), SampleSettings(Serve()))
      << "cmake --build build/release --target sample_settings writes the file anew";
}

TEST(SampleSettings, IsAFileWithoutSettings) {
  EXPECT_TRUE(ParseSettings(SampleSettings(Serve()), "serve.conf").empty());
}

TEST(SampleSettings, HasEveryOptionWithItsDefaultOnceItsMarkIsTakenAway) {
  std::string text = SampleSettings(Serve());
  for (size_t at = text.find("\n#"); at != std::string::npos; at = text.find("\n#", at + 1)) {
    if (at + 2 < text.size() && text[at + 2] != ' ' && text[at + 2] != '\n') text.erase(at + 1, 1);
  }
  std::set<std::string> found;
  for (const FileSetting& setting : ParseSettings(text, "serve.conf")) {
    found.insert(setting.name + " = " + setting.value);
  }
  size_t keys = 0;
  for (const OptionText& option : Serve().options) keys += option.key.empty() ? 0 : 1;
  EXPECT_EQ(found.size(), keys);
  EXPECT_GT(keys, 40u);
  for (const char* line :
       {"teacher = FILE", "listen = 127.0.0.1:50051", "max-frame = 4096x2160", "policy = balanced",
        "quiet = false", "min-stride = 8", "max-sessions-per-address = INT", "web = ADDRESS"}) {
    EXPECT_TRUE(found.contains(line)) << line;
  }
}

}  // namespace
}  // namespace shadowtutor::cli::reference
