// The sample of a configuration file, deploy/serve.conf.
#ifndef SHADOWTUTOR_CLI_REFERENCE_SAMPLE_SETTINGS_H_
#define SHADOWTUTOR_CLI_REFERENCE_SAMPLE_SETTINGS_H_

#include <string>

#include "cli/reference/command_tree.h"

namespace shadowtutor::cli::reference {

/// Every key that a configuration file of `command` may have, as a comment with its default and
/// what it is.
std::string SampleSettings(const CommandText& command);

}  // namespace shadowtutor::cli::reference

#endif  // SHADOWTUTOR_CLI_REFERENCE_SAMPLE_SETTINGS_H_
