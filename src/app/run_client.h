// A run from a source through the client to sinks: what `shadowtutor run` does, without the command
// line.
#ifndef SHADOWTUTOR_APP_RUN_CLIENT_H_
#define SHADOWTUTOR_APP_RUN_CLIENT_H_

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "app/run_options.h"
#include "app/run_summary.h"
#include "client/client.h"
#include "rpc/client/grpc_link.h"
#include "video/source.h"

namespace shadowtutor::app {

struct RunOptions : RunBasics {
  rpc::GrpcLinkOptions link;  // frame_size is taken from the source
  client::Staleness staleness = client::Staleness::kWait;
};

/// Runs to the source's end, to `max_frames`, or until stopped, and closes the sinks. Throws Error
/// as GrpcLink::WaitForWelcome does, kDataLoss for a source without frames, and what source and
/// sinks throw; the sinks' files are complete in every case.
RunSummary RunClient(video::Source& source, const RunOptions& options);

/// What a run asks of its link: rpc::GrpcLink, or a scripted one in tests. The functions may refer
/// to `link`, which the run keeps until it has asked the last of them.
struct TutorLink {
  std::unique_ptr<client::ServerLink> link;
  std::function<bool(std::chrono::milliseconds timeout)> wait_for_welcome;
  std::function<std::optional<wire::Welcome>()> welcome;
  std::function<rpc::GrpcLinkStats()> stats;
};
using OpenTutorLink = std::function<TutorLink(const rpc::GrpcLinkOptions& options)>;

/// The same over another link.
RunSummary RunClient(video::Source& source, const RunOptions& options, const OpenTutorLink& open);

}  // namespace shadowtutor::app

#endif  // SHADOWTUTOR_APP_RUN_CLIENT_H_
