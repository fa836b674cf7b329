// What a live sweep came to, for the terminal.
#ifndef SHADOWTUTOR_EVAL_LIVE_SWEEP_TABLES_H_
#define SHADOWTUTOR_EVAL_LIVE_SWEEP_TABLES_H_

#include <string>

#include "eval/live/sweep.h"

namespace shadowtutor::eval::live {

/// Tables with a row for each strategy and a column for each bandwidth: frames a second, Mbit/s,
/// and where packets were counted kB (1000 bytes) on the link and what transport adds in percent.
/// Runs outside of their bounds have an asterisk, and a line below that says why.
std::string SweepTables(const SweepResults& results);

}  // namespace shadowtutor::eval::live

#endif  // SHADOWTUTOR_EVAL_LIVE_SWEEP_TABLES_H_
