// Reads configuration files: one `name = value` a line, as in INI and TOML files.
//
// CLI11 has a reader of its own, which passes over lines that it does not understand, cuts values
// at # even in quotes and splits them at blanks and commas. A server that starts with other
// settings than its file says would be worse than one that does not start.
#ifndef SHADOWTUTOR_CLI_SETTINGS_FILE_H_
#define SHADOWTUTOR_CLI_SETTINGS_FILE_H_

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace shadowtutor::cli {

/// What a configuration file may have.
inline constexpr size_t kMaxSettingsBytes = size_t{64} << 10;

struct FileSetting {
  std::string name, value;  // neither is empty
  int line = 0;             // from 1
};

/// Empty lines and those that begin with # or ; are passed over. A value may stand in "..." or
/// '...', which are taken off and in which everything stands for itself; without them it ends at a
/// # or ; after a blank. A name alone means `name = true`. Throws Error kInvalidArgument, with
/// `file` and the line in its sentence, for anything else, for a name that comes twice and for
/// control characters.
///
/// Thread safety of both: any thread.
std::vector<FileSetting> ParseSettings(std::string_view text, const std::string& file);

/// The same of a file. Throws Error kInvalidArgument also when it cannot be read or has more than
/// kMaxSettingsBytes.
std::vector<FileSetting> ReadSettings(const std::filesystem::path& file);

}  // namespace shadowtutor::cli

#endif  // SHADOWTUTOR_CLI_SETTINGS_FILE_H_
