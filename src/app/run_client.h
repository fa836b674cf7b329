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
#include "client/forwarding_link.h"
#include "client/traffic_budget.h"
#include "rpc/client/grpc_link.h"
#include "video/source.h"

namespace shadowtutor::app {

struct RunOptions : RunBasics {
  /// frame_size is taken from the source; an empty make_encoder is one for every codec.
  rpc::GrpcLinkOptions link;
  client::Staleness staleness = client::Staleness::kWait;
  double key_frames_per_second = 0;  // as in client::ClientOptions
  client::BudgetOptions budget;      // of key frames and updates
};

/// Runs to the source's end, to `max_frames`, or until stopped, and closes the sinks. Throws Error
/// as GrpcLink::WaitForWelcome does, kDataLoss for a source without frames, and what source and
/// sinks throw; the sinks' files are complete in every case.
RunSummary RunClient(video::Source& source, const RunOptions& options);

/// What a run asks of its link besides what the client does. Each function as rpc::GrpcLink's,
/// which it is unless a test scripts one.
class TutorLink : public client::ForwardingLink {
 public:
  using ForwardingLink::ForwardingLink;
  virtual bool WaitForWelcome(std::chrono::milliseconds timeout) = 0;
  virtual std::optional<wire::Welcome> welcome() const = 0;
  virtual rpc::GrpcLinkStats stats() const = 0;
};
using OpenTutorLink =
    std::function<std::unique_ptr<TutorLink>(const rpc::GrpcLinkOptions& options)>;

/// The same over another link.
RunSummary RunClient(video::Source& source, const RunOptions& options, const OpenTutorLink& open);

}  // namespace shadowtutor::app

#endif  // SHADOWTUTOR_APP_RUN_CLIENT_H_
