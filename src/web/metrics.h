// The server's figures in Prometheus' text format, as GET /metrics answers. Internal to web/.
//
// By its conventions: seconds, bytes and shares of 1; counters end in _total; each value of a label
// is there from the start on, so that rates are right from the first event on. No label tells of a
// single session or client: their number would grow without a bound.
#ifndef SHADOWTUTOR_WEB_METRICS_H_
#define SHADOWTUTOR_WEB_METRICS_H_

#include <chrono>
#include <string>

#include "server/stats.h"
#include "web/process_figures.h"

namespace shadowtutor::web {

/// What they are of, for labels.
struct MetricsSource {
  std::string version = {};
  std::string policy = {};  // empty: not told
  bool ready = true;        // whether new sessions are opened
  /// Until when the server's certificate is valid; 0 without TLS.
  std::chrono::sys_seconds certificate_end = {};
};

/// Thread safety: any thread.
std::string MetricsText(const server::ServerStats& stats, const MetricsSource& source,
                        const ProcessFigures& process);

}  // namespace shadowtutor::web

#endif  // SHADOWTUTOR_WEB_METRICS_H_
