// Parses sizes and lists as users write them on the command line.
#ifndef SHADOWTUTOR_CLI_QUANTITIES_H_
#define SHADOWTUTOR_CLI_QUANTITIES_H_

#include <string>
#include <vector>

#include "shadowtutor/types.h"

namespace shadowtutor::cli {

// All functions throw Error kInvalidArgument for anything else; the sentence names `option` and
// says what it takes.

/// A number of bytes: "300kB" (1000 bytes per kB), "2.637MiB" (2^20 bytes per MiB), "2500000" and
/// so on; at most 1 TB.
double ParseBytes(const std::string& option, const std::string& text);

/// "80" or "80,40,8": numbers above 0, at most 64 of them.
std::vector<double> ParseNumbers(const std::string& option, const std::string& text);

/// The same for whole numbers, also with ranges: "8-64" doubles (8, 16, 32, 64), "8-64:8" counts
/// by 8.
std::vector<int> ParseWholeNumbers(const std::string& option, const std::string& text);

/// "1280x720", within the bounds for frames.
FrameSize ParseFrameSize(const std::string& option, const std::string& text);

}  // namespace shadowtutor::cli

#endif  // SHADOWTUTOR_CLI_QUANTITIES_H_
