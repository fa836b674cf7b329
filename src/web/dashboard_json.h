// What the dashboard shows, as JSON. docs/serving.md describes the fields. Internal to web/.
#ifndef SHADOWTUTOR_WEB_DASHBOARD_JSON_H_
#define SHADOWTUTOR_WEB_DASHBOARD_JSON_H_

#include <cstddef>
#include <string>

#include "server/backend.h"
#include "server/observatory.h"

namespace shadowtutor::web {

struct StateText {
  std::string json;
  size_t fingerprint = 0;  // of all but the time: tells whether anything has happened
};

/// The server, its load, all sessions, and the latest events. Thread safety of both: any thread.
StateText StateJson(const server::Backend& backend);

/// A session with its history.
std::string SessionJson(const server::Backend& backend, const std::string& id,
                        const server::Observatory::View& view);

}  // namespace shadowtutor::web

#endif  // SHADOWTUTOR_WEB_DASHBOARD_JSON_H_
