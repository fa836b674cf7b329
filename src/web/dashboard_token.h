// The token that opens the dashboard to other machines, and the cookies that stand for it. Internal
// to web/.
#ifndef SHADOWTUTOR_WEB_DASHBOARD_TOKEN_H_
#define SHADOWTUTOR_WEB_DASHBOARD_TOKEN_H_

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace shadowtutor::web {

/// The characters of a token.
inline constexpr size_t kLeastTokenBytes = 16, kMostTokenBytes = 256;

/// Reads a token: the only line of a file. Throws Error kInvalidArgument for what is no token,
/// otherwise as ReadFile.
std::string ReadToken(const std::filesystem::path& file);
/// A sentence if all users of this machine can read or change the file.
std::optional<std::string> TokenFileWarning(const std::filesystem::path& file);

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
  using Digest = std::array<uint8_t, 32>;
  static Digest Sha256(std::string_view text);
  std::string Sign(uint64_t until) const;

  Digest secret_{};  // of this process
  Digest token_;
};

}  // namespace shadowtutor::web

#endif  // SHADOWTUTOR_WEB_DASHBOARD_TOKEN_H_
