#include "web/dashboard_access.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "rpc/address.h"
#include "web/origin.h"

namespace shadowtutor::web {
namespace {

constexpr std::string_view kScheme = "Bearer ";

// The value of a cookie in a Cookie header; empty if it is not there.
std::string_view CookieOf(std::string_view header, std::string_view name) {
  while (!header.empty()) {
    const size_t end = std::min(header.find(';'), header.size());
    std::string_view pair = header.substr(0, end);
    header.remove_prefix(std::min(end + 1, header.size()));
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    if (pair.starts_with(name) && pair.substr(name.size()).starts_with('=')) {
      return pair.substr(name.size() + 1);
    }
  }
  return {};
}

// Browsers send a cookie to every port of a host, so servers on one machine differ in its name.
std::string CookieName(const std::string& listen) {
  return "shadowtutor_dashboard_" + listen.substr(listen.rfind(':') + 1);
}

Answer Unauthorized(const std::string& sentence) {
  Answer answer = Refused(401, sentence);
  answer.headers = {{"WWW-Authenticate", "Bearer realm=\"shadowtutor\""}};
  return answer;
}

}  // namespace

DashboardAccess::DashboardAccess(const ServerOptions& options, Log log)
    : options_(options),
      loopback_(rpc::IsLoopback(options.listen)),
      log_(std::move(log)),
      cookie_name_(CookieName(options.listen)) {
  if (!options.token_file.empty()) token_.emplace(rpc::ReadToken(options.token_file));
}

bool DashboardAccess::ReloadToken() {
  if (options_.token_file.empty()) return false;
  const std::string token = rpc::ReadToken(options_.token_file);
  const MutexLock lock(mutex_);
  token_->Change(token);
  return true;
}

std::optional<Answer> DashboardAccess::RefusePage(const DashboardRequest& request) const {
  const bool has_token = !options_.token_file.empty();
  if (!has_token && (!loopback_ || request.forwarded)) {
    return Refused(403,
                   "the dashboard is for this machine alone; to open it to others, start the "
                   "server with a token (" +
                       options_.token_setting + ")");
  }
  if (loopback_ && !IsLoopbackHost(request.host) && !IsHostOf(options_.origins, request.host)) {
    return Refused(403,
                   "the dashboard is at http://localhost here, not by this name; a proxy "
                   "before it is named by its origin (" +
                       options_.origins_setting + ")");
  }
  return std::nullopt;
}

std::optional<Answer> DashboardAccess::RefuseSite(const DashboardRequest& request) const {
  const std::string& site = request.fetch_site;
  const bool own_site = site.empty() || site == "same-origin" || site == "none";
  if (own_site &&
      MayConnect(request.origin, request.host, request.tls, loopback_, options_.origins)) {
    return std::nullopt;
  }
  return Refused(403, "pages of other sites get nothing here");
}

std::optional<Answer> DashboardAccess::RefuseData(const DashboardRequest& request,
                                                  Clock::time_point now) {
  if (std::optional<Answer> refusal = RefusePage(request)) return refusal;
  if (std::optional<Answer> refusal = RefuseSite(request)) return refusal;
  if (options_.token_file.empty()) return std::nullopt;
  if (request.authorization.empty() && HasCookie(request, now)) return std::nullopt;
  return RefuseToken(request, now);
}

bool DashboardAccess::HasCookie(const DashboardRequest& request, Clock::time_point now) {
  const std::string_view cookie = CookieOf(request.cookie, cookie_name_);
  const MutexLock lock(mutex_);
  return token_->IsCookie(cookie, now);
}

Answer DashboardAccess::Describe(const DashboardRequest& request, Clock::time_point now) {
  if (std::optional<Answer> refusal = RefusePage(request)) return *refusal;
  if (std::optional<Answer> refusal = RefuseSite(request)) return *refusal;
  const bool needed = !options_.token_file.empty();
  const bool open = !needed || HasCookie(request, now);
  return {.type = "application/json",
          .body = std::string("{\"token\":") + (needed ? "true" : "false") +
                  ",\"open\":" + (open ? "true" : "false") + "}"};
}

std::optional<Answer> DashboardAccess::RefuseToken(const DashboardRequest& request,
                                                   Clock::time_point now) {
  if (!std::string_view(request.authorization).starts_with(kScheme)) {
    return Unauthorized("this needs the server's token: Authorization: Bearer TOKEN");
  }
  const std::string_view given = std::string_view(request.authorization).substr(kScheme.size());
  {
    const MutexLock lock(mutex_);
    const std::chrono::nanoseconds time = now.time_since_epoch();
    if (const auto wait = wrong_.Wait(request.peer.text, time)) {
      const std::string seconds = std::to_string(wait->count());
      Answer answer = Refused(
          429, "too many wrong tokens came from this address; try again in " + seconds + " s");
      answer.headers = {{"Retry-After", seconds}};
      return answer;
    }
    if (token_->IsToken(given)) {
      wrong_.Forget(request.peer.text);
      return std::nullopt;
    }
    wrong_.Failed(request.peer.text, std::nullopt, time);
  }
  log_(request.peer, "a wrong token for the dashboard came from " + request.peer.text);
  return Unauthorized("this is not the server's token");
}

Answer DashboardAccess::Login(const DashboardRequest& request, Clock::time_point now) {
  if (std::optional<Answer> refusal = RefusePage(request)) return *refusal;
  if (std::optional<Answer> refusal = RefuseSite(request)) return *refusal;
  if (options_.token_file.empty()) return {.body = "ok\n"};
  if (std::optional<Answer> refusal = RefuseToken(request, now)) return *refusal;
  std::string cookie;
  {
    const MutexLock lock(mutex_);
    cookie = token_->MakeCookie(now);
  }
  return {.body = "ok\n",
          .headers = {{"Set-Cookie", CookieHeader(request, cookie, TokenCheck::kCookieFor)}}};
}

Answer DashboardAccess::Logout(const DashboardRequest& request) const {
  if (std::optional<Answer> refusal = RefusePage(request)) return *refusal;
  if (std::optional<Answer> refusal = RefuseSite(request)) return *refusal;
  return {.body = "ok\n",
          .headers = {{"Set-Cookie", CookieHeader(request, "", std::chrono::seconds(0))}}};
}

std::string DashboardAccess::CookieHeader(const DashboardRequest& request, const std::string& value,
                                          std::chrono::seconds age) const {
  // A proxy that ends TLS before us is named by its origin.
  const bool encrypted = request.tls || request.origin.starts_with("https://");
  return cookie_name_ + "=" + value + "; Path=/; Max-Age=" + std::to_string(age.count()) +
         "; HttpOnly; SameSite=Strict" + (encrypted ? "; Secure" : "");
}

}  // namespace shadowtutor::web
