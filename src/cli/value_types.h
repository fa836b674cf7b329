// How help, manual pages and shell completion call the values that options take. What is marked as
// a file or a folder is completed as one by shells, and counts from a configuration file's folder
// where it stands in one (cli/settings.h).
#ifndef SHADOWTUTOR_CLI_VALUE_TYPES_H_
#define SHADOWTUTOR_CLI_VALUE_TYPES_H_

namespace shadowtutor::cli {

/// For CLI::Option::type_name().
inline constexpr char kFileValue[] = "FILE";
inline constexpr char kFolderValue[] = "FOLDER";
/// Either of them, as videos and folders of pictures are.
inline constexpr char kPathValue[] = "PATH";

}  // namespace shadowtutor::cli

#endif  // SHADOWTUTOR_CLI_VALUE_TYPES_H_
