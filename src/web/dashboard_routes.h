// The paths of the dashboard and what they answer.
//
//   GET  /dashboard                       the page, with its files below /dashboard/
//   GET  /api/sessions                    the server and all sessions, as JSON
//   GET  /api/sessions/ID                 a session with its history
//   GET  /api/sessions/ID/frame.jpg       its last key frame; label.png, before.png, after.png
//   GET  /api/events[?session=ID]         both of these as they change: server-sent events
//   GET  /api/access                      whether a token is needed, and whether this has it
//   POST /api/login, /api/logout          a cookie for the token, and none
//
// docs/serving.md describes them for users. Internal to web/.
#ifndef SHADOWTUTOR_WEB_DASHBOARD_ROUTES_H_
#define SHADOWTUTOR_WEB_DASHBOARD_ROUTES_H_

#include <optional>
#include <string>
#include <string_view>

#include "web/dashboard_access.h"
#include "web/pages.h"
#include "web/shared.h"

namespace shadowtutor::web {

/// Whether the dashboard answers what is asked for by this path.
bool IsDashboardPath(std::string_view path);
/// Whether the answer is a stream of events (dashboard_events.h), unless AnswerDashboard refuses.
bool IsEventsPath(std::string_view path);

/// The answer; for IsEventsPath only a refusal or nullopt.
///
/// Thread safety: any thread.
std::optional<Answer> AnswerDashboard(Shared& shared, const DashboardRequest& request);

/// The session that ?session=ID names; empty: none.
std::string SessionOfQuery(std::string_view query);

}  // namespace shadowtutor::web

#endif  // SHADOWTUTOR_WEB_DASHBOARD_ROUTES_H_
