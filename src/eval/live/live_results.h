// The sweep's part of results.json, and live.csv.
#ifndef SHADOWTUTOR_EVAL_LIVE_LIVE_RESULTS_H_
#define SHADOWTUTOR_EVAL_LIVE_LIVE_RESULTS_H_

#include <string>
#include <vector>

#include "app/run_summary.h"
#include "eval/live/live_run.h"
#include "eval/live/sweep_request.h"

namespace shadowtutor::eval::live {

/// A client's summary as a run: of the times the means, which the bounds hold for, and the medians
/// of the student's and of the way there and back. Strategy, label and bandwidth are left to the
/// caller.
LiveRun RunOf(const app::RunSummary& summary);

/// Sets the bounds of algorithm section 6 for costs that are the run's own means, and whether the
/// run is within. `payload_share`: what of the bandwidth TCP has for its payload.
void JudgeByBounds(const SweepRequest& request, double payload_share, LiveRun& run);

/// Runs of the folder's results.json that were made with the same parameters over the same kind of
/// link; none when it has none.
std::vector<LiveRun> LoadRuns(const SweepRequest& request, const std::string& link,
                              const std::string& teacher);
/// Writes them into results.json, of which all else stays, and into live.csv.
void SaveRuns(const SweepRequest& request, const std::string& link, const std::string& teacher,
              const std::vector<LiveRun>& runs);

}  // namespace shadowtutor::eval::live

#endif  // SHADOWTUTOR_EVAL_LIVE_LIVE_RESULTS_H_
