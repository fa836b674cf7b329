// Who may see the dashboard, and what it shows. Internal to web/.
//
// A server that this machine alone can reach shows it to everybody here; pages of other sites and
// requests by names that are not this machine's are refused, since a browser would bring them from
// anywhere. With a token, whoever has it sees it, from anywhere.
#ifndef SHADOWTUTOR_WEB_DASHBOARD_ACCESS_H_
#define SHADOWTUTOR_WEB_DASHBOARD_ACCESS_H_

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "core/mutex.h"
#include "rpc/server/peer_address.h"
#include "rpc/server/wrong_tokens.h"
#include "web/dashboard_token.h"
#include "web/pages.h"
#include "web/server_options.h"

namespace shadowtutor::web {

/// What is looked at of a request.
struct DashboardRequest {
  std::string method = {};             // "GET"
  std::string path = {}, query = {};   // without and behind the question mark
  std::string host = {}, origin = {};  // the headers' values, here and below
  std::string authorization = {};
  std::string cookie = {};
  std::string fetch_site = {};  // Sec-Fetch-Site
  bool forwarded = false;       // by a proxy that says so
  bool tls = false;
  rpc::PeerAddress peer;
};

/// Thread safety: all functions may be called from any thread.
class DashboardAccess {
 public:
  using Clock = std::chrono::system_clock;
  using Log = std::function<void(const rpc::PeerAddress& peer, const std::string& sentence)>;

  /// `log` is told of wrong tokens. Throws as rpc::ReadToken.
  DashboardAccess(const ServerOptions& options, Log log);

  /// Reads the token again; when it throws, as that, the old one stays. Returns whether there
  /// is one.
  bool ReloadToken() ST_EXCLUDES(mutex_);

  /// Why this request gets neither page nor data; nullopt: it is answered, data only if
  /// `RefuseData` has nothing against it.
  std::optional<Answer> RefusePage(const DashboardRequest& request) const;
  /// Why it gets no data.
  std::optional<Answer> RefuseData(const DashboardRequest& request, Clock::time_point now)
      ST_EXCLUDES(mutex_);

  /// {"token": true, "open": false}: whether a token is needed, and whether this request is
  /// answered as it is. For the page, to which a refusal would be an error.
  Answer Describe(const DashboardRequest& request, Clock::time_point now) ST_EXCLUDES(mutex_);
  /// Gives a request with the token a cookie in its place.
  Answer Login(const DashboardRequest& request, Clock::time_point now) ST_EXCLUDES(mutex_);
  /// Takes it back.
  Answer Logout(const DashboardRequest& request) const;

 private:
  bool HasCookie(const DashboardRequest& request, Clock::time_point now) ST_EXCLUDES(mutex_);
  /// 401 or 429 unless the request has the token in its Authorization.
  std::optional<Answer> RefuseToken(const DashboardRequest& request, Clock::time_point now)
      ST_EXCLUDES(mutex_);
  std::optional<Answer> RefuseSite(const DashboardRequest& request) const;
  std::string CookieHeader(const DashboardRequest& request, const std::string& value,
                           std::chrono::seconds age) const;

  const ServerOptions options_;
  const bool loopback_;
  const Log log_;
  const std::string cookie_name_;

  Mutex mutex_;
  std::optional<TokenCheck> token_ ST_GUARDED_BY(mutex_);  // there from the start on, or never
  rpc::WrongTokens wrong_ ST_GUARDED_BY(mutex_);
};

}  // namespace shadowtutor::web

#endif  // SHADOWTUTOR_WEB_DASHBOARD_ACCESS_H_
