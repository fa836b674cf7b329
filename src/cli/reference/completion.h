// What shells complete: commands, options, words that an option takes, and file names.
#ifndef SHADOWTUTOR_CLI_REFERENCE_COMPLETION_H_
#define SHADOWTUTOR_CLI_REFERENCE_COMPLETION_H_

#include <string>
#include <vector>

#include "cli/reference/command_tree.h"

namespace shadowtutor::cli::reference {

/// For bash 4 and later, with or without the package bash-completion; the file is called as the
/// program.
std::string BashCompletion(const CommandText& program);
/// For zsh; the file is called _shadowtutor and lies in $fpath.
std::string ZshCompletion(const CommandText& program);
/// For fish 3 and later; the file is called shadowtutor.fish.
std::string FishCompletion(const CommandText& program);

/// With a blank between two.
std::string Words(const std::vector<std::string>& words);
/// The first clause of a description, for the lists that shells show.
std::string Brief(const std::string& description);

}  // namespace shadowtutor::cli::reference

#endif  // SHADOWTUTOR_CLI_REFERENCE_COMPLETION_H_
