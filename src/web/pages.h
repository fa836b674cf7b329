// What a GET answers: what is going on, for programs that watch the server.
//
//   /healthz  "ok" while the process answers at all
//   /readyz   "ok" while new sessions are opened, 503 when the server shuts down
//   /metrics  the server's figures, in Prometheus' text format
#ifndef SHADOWTUTOR_WEB_PAGES_H_
#define SHADOWTUTOR_WEB_PAGES_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/stats.h"
#include "web/metrics.h"

namespace shadowtutor::web {

struct Answer {
  int status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> headers = {};  // more of them
};

/// `path` has no query.
///
/// Thread safety: any thread.
Answer AnswerTo(std::string_view path, const server::ServerStats& stats,
                const MetricsSource& source);

/// One sentence and a line's end, for people who see it in a browser.
Answer Refused(int status, const std::string& sentence);

}  // namespace shadowtutor::web

#endif  // SHADOWTUTOR_WEB_PAGES_H_
