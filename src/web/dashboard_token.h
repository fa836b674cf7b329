// The token that opens the dashboard to other machines, and the cookies that stand for it. Internal
// to web/.
#ifndef SHADOWTUTOR_WEB_DASHBOARD_TOKEN_H_
#define SHADOWTUTOR_WEB_DASHBOARD_TOKEN_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "rpc/token.h"

namespace shadowtutor::web {

/// Keeps no token itself, only its SHA-256. Thread safety: that of a plain value.
class TokenCheck {
 public:
  using Clock = std::chrono::system_clock;
  /// How long a cookie is good for.
  static constexpr std::chrono::hours kCookieFor{12};

  /// Cookies of other objects are not this one's, nor those from before a restart.
  explicit TokenCheck(std::string_view token);

  /// Another token; cookies that stand for the old one are void.
  void Change(std::string_view token);
  /// Takes as long for any text of the same length.
  bool IsToken(std::string_view text) const;
  /// What a browser keeps in place of the token.
  std::string MakeCookie(Clock::time_point now) const;
  bool IsCookie(std::string_view value, Clock::time_point now) const;

 private:
  std::string Sign(uint64_t until) const;

  rpc::TokenDigest secret_{};  // of this process
  rpc::TokenDigest token_;
};

}  // namespace shadowtutor::web

#endif  // SHADOWTUTOR_WEB_DASHBOARD_TOKEN_H_
