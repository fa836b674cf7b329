// The live sweep: real client and server processes over a link whose bandwidth is set, one run for
// each strategy and bandwidth (the paper's throughput table and figure 6.1).
#ifndef SHADOWTUTOR_EVAL_LIVE_SWEEP_H_
#define SHADOWTUTOR_EVAL_LIVE_SWEEP_H_

#include <string>
#include <vector>

#include "eval/live/link.h"
#include "eval/live/live_run.h"
#include "eval/live/sweep_request.h"

namespace shadowtutor::eval::live {

struct SweepResults {
  std::string link;
  bool tls = false;
  std::vector<LiveRun> runs;          // in the order of strategies and bandwidths
  std::vector<std::string> failures;  // a sentence for each run that failed
};

/// "partial", "full", "naive-raw", "naive-jpeg", "naive-h264".
const std::vector<std::string>& LiveStrategies();
/// "naive" becomes all three of them; what is repeated is left out. Throws Error kInvalidArgument.
std::vector<std::string> ChooseLiveStrategies(const std::vector<std::string>& names);

/// Runs what is missing, and writes results.json and live.csv after every run. A run that fails or
/// exceeds its deadline is in `failures`. Throws Error: kInvalidArgument, kUnavailable (files,
/// processes), kCancelled (`stop` said so; what is done stays).
SweepResults RunSweep(const SweepRequest& request, Link& link);

}  // namespace shadowtutor::eval::live

#endif  // SHADOWTUTOR_EVAL_LIVE_SWEEP_H_
