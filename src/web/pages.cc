#include "web/pages.h"

#include "web/process_figures.h"

namespace shadowtutor::web {
Answer AnswerTo(std::string_view path, const server::ServerStats& stats,
                const MetricsSource& source) {
  if (path == "/healthz") return {.body = "ok\n"};
  if (path == "/readyz") {
    return source.ready ? Answer{.body = "ok\n"} : Refused(503, "the server is shutting down");
  }
  if (path == "/metrics") {
    return {.type = "text/plain; version=0.0.4; charset=utf-8",
            .body = MetricsText(stats, source, ReadProcessFigures())};
  }
  if (path == "/") {
    return Refused(
        404,
        "this server was built without the page for browsers, which needs Emscripten "
        "(scripts/setup --web, scripts/build-page, then build again); its WebSockets work");
  }
  return Refused(404, "there is no such page here");
}

Answer Refused(int status, const std::string& sentence) {
  return {.status = status, .body = sentence + "\n"};
}

}  // namespace shadowtutor::web
