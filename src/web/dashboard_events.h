// A connection that has become a stream of the dashboard's events (server-sent events):
//
//   event: state     data: what /api/sessions answers, when it has changed, once a second at most
//   event: session   data: what /api/sessions/ID answers, likewise; {"id": ID, "ended": true} at
//                    the session's end
//   event: end       the server shuts down
//
// There are at most kMostListeners; one that does not take what it is sent for the time of
// ServerOptions::connection_timeout is cut off. Internal to web/.
#ifndef SHADOWTUTOR_WEB_DASHBOARD_EVENTS_H_
#define SHADOWTUTOR_WEB_DASHBOARD_EVENTS_H_

#include <memory>
#include <optional>

#include "web/dashboard_access.h"
#include "web/shared.h"
#include "web/transport.h"

namespace shadowtutor::web {

inline constexpr int kMostListeners = 16;

/// Takes a place among the listeners, until what is returned is gone; null: there is none left.
std::shared_ptr<void> TakeListenersPlace(const std::shared_ptr<Shared>& shared);

/// Sends events over `transport`; `tls` is what it refers to. `request` has been allowed, and is
/// looked at again before each event. To be called on the transport's strand. Instantiated for
/// Plain and Encrypted.
template <typename Transport>
void OpenEventStream(Transport transport, DashboardRequest request, std::shared_ptr<void> place,
                     std::shared_ptr<net::ssl::context> tls, std::shared_ptr<Shared> shared);

}  // namespace shadowtutor::web

#endif  // SHADOWTUTOR_WEB_DASHBOARD_EVENTS_H_
