#include "web/dashboard_routes.h"

#include <algorithm>
#include <utility>

#include "web/dashboard_files.h"
#include "web/dashboard_json.h"
#include "web/dashboard_pictures.h"

namespace shadowtutor::web {
namespace {

constexpr std::string_view kPage = "/dashboard", kEvents = "/api/events",
                           kSessions = "/api/sessions", kAccess = "/api/access",
                           kLogin = "/api/login", kLogout = "/api/logout";

// Nothing that is not this server's, nothing within the page itself, and no frame around it.
constexpr char kPolicy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

void AddHeaders(Answer& answer) {
  answer.headers.emplace_back("Content-Security-Policy", kPolicy);
  answer.headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  answer.headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
  answer.headers.emplace_back("Referrer-Policy", "no-referrer");
}

Answer Page(std::string_view path) {
  if (path == kPage || path == "/dashboard/") {
    return {.type = "text/html; charset=utf-8", .body = std::string(kDashboardHtml)};
  }
  if (path == "/dashboard/dashboard.css") {
    return {.type = "text/css; charset=utf-8", .body = std::string(kDashboardCss)};
  }
  if (path == "/dashboard/dashboard.js") {
    return {.type = "text/javascript; charset=utf-8", .body = std::string(kDashboardScript)};
  }
  if (path == "/dashboard/icon.svg") {
    return {.type = "image/svg+xml", .body = std::string(kDashboardIcon)};
  }
  return Refused(404, "there is no such page here");
}

// `rest` is "ID" or "ID/frame.jpg".
Answer Session(const server::Backend& backend, std::string_view rest) {
  const std::string id(rest.substr(0, rest.find('/')));
  server::Observatory& observatory = backend.resources()->observatory;
  const auto now = server::Observatory::Clock::now();
  observatory.Watch(id, now);
  const std::optional<server::Observatory::View> view = observatory.Find(id, now);
  if (!view) return Refused(404, "there is no such session; it may have ended");
  if (id.size() == rest.size()) {
    return {.type = "application/json", .body = SessionJson(backend, id, *view)};
  }
  std::optional<Picture> picture;
  if (view->pictures) {
    const nn::Checkpoint& student = *backend.resources()->session.student;
    picture =
        PictureOf(*view->pictures, rest.substr(id.size() + 1), student.classes, student.background);
  }
  if (!picture) {
    return Refused(404,
                   "there is no such picture yet; those of a session come with its next key "
                   "frame");
  }
  return {.type = std::move(picture->type), .body = std::move(picture->bytes)};
}

std::optional<Answer> Answered(Shared& shared, const DashboardRequest& request) {
  const auto now = DashboardAccess::Clock::now();
  const std::string_view path = request.path;
  const bool posted = path == kLogin || path == kLogout;
  const bool head_or_get = request.method == "GET" || request.method == "HEAD";
  if (posted ? request.method != "POST" : !head_or_get) {
    Answer answer =
        Refused(405, posted ? "only POST is answered here" : "only GET and HEAD are answered here");
    answer.headers = {{"Allow", posted ? "POST" : "GET, HEAD"}};
    return answer;
  }
  if (path == kLogin) return shared.access.Login(request, now);
  if (path == kLogout) return shared.access.Logout(request);
  if (path.starts_with(kPage)) {
    if (std::optional<Answer> refusal = shared.access.RefusePage(request)) return refusal;
    return Page(path);
  }
  if (path == kAccess) return shared.access.Describe(request, now);
  if (std::optional<Answer> refusal = shared.access.RefuseData(request, now)) return refusal;
  if (path == kEvents) return std::nullopt;
  if (path == kSessions) {
    return Answer{.type = "application/json", .body = StateJson(*shared.backend).json};
  }
  if (path.starts_with(kSessions) && path.substr(kSessions.size()).starts_with('/')) {
    return Session(*shared.backend, path.substr(kSessions.size() + 1));
  }
  return Refused(404, "there is no such page here");
}

}  // namespace

bool IsDashboardPath(std::string_view path) {
  return path == kPage || path.starts_with("/dashboard/") || path.starts_with("/api/");
}

bool IsEventsPath(std::string_view path) { return path == kEvents; }

std::optional<Answer> AnswerDashboard(Shared& shared, const DashboardRequest& request) {
  std::optional<Answer> answer = Answered(shared, request);
  if (answer) AddHeaders(*answer);
  return answer;
}

std::string SessionOfQuery(std::string_view query) {
  constexpr std::string_view kName = "session=";
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    if (pair.starts_with(kName)) return std::string(pair.substr(kName.size()));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
  }
  return "";
}

}  // namespace shadowtutor::web
