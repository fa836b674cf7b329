// `shadowtutor eval --live`: its options, and what becomes of them.
#ifndef SHADOWTUTOR_CLI_EVAL_LIVE_H_
#define SHADOWTUTOR_CLI_EVAL_LIVE_H_

#include <memory>

#include "eval/live/sweep.h"

namespace CLI {
class App;
}

namespace shadowtutor::cli {

struct LiveArguments;

/// Adds --live, --bandwidth, --link, --max-fps, --naive-frames, --reference-every and --tls to
/// `eval`.
std::shared_ptr<LiveArguments> AddLiveOptions(CLI::App& eval);
/// Whether --live was given.
bool WantsLive(const LiveArguments& arguments);
/// Runs the sweep. `request` has what `eval` has options for: source, clip, card, student, seed,
/// strategies as given, frames, parameters, codecs, folder, fresh. Returns the exit code; throws
/// Error, kCancelled when interrupted.
int RunLive(const LiveArguments& arguments, eval::live::SweepRequest request);

}  // namespace shadowtutor::cli

#endif  // SHADOWTUTOR_CLI_EVAL_LIVE_H_
