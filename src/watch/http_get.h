// Asks a web server for something, as `shadowtutor top` does. This header does not include Boost's.
#ifndef SHADOWTUTOR_WATCH_HTTP_GET_H_
#define SHADOWTUTOR_WATCH_HTTP_GET_H_

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>

namespace shadowtutor::watch {

struct WebAddress {
  bool tls = false;
  std::string host;  // a name or a number, without brackets
  int port = 0;
  bool loopback = false;  // whether it is this machine's

  /// "https://example.org:8443".
  std::string text() const;
};

/// Reads "http://host:port" or "https://[::1]:8443"; the port may be absent, and a last slash may
/// be there. Throws Error kInvalidArgument with a sentence for what is none.
WebAddress ParseWebAddress(const std::string& text);

struct HttpOptions {
  std::filesystem::path authority;  // PEM; empty: the system's authorities
  std::string token;                // sent as Authorization: Bearer; empty: none
  /// For everything together, but for looking the name up, which takes as long as the system's
  /// resolver does.
  std::chrono::milliseconds timeout{5'000};
};

struct HttpAnswer {
  int status = 0;
  std::string body;
};

/// More is not read.
inline constexpr size_t kMostAnswerBytes = size_t{8} << 20;

/// GET `path` ("/api/sessions") on a connection of its own. Throws Error kUnavailable (nobody
/// listens, the host is not known, TLS fails, the connection is lost, no HTTP), kDeadlineExceeded,
/// kResourceExhausted (a longer answer), and kInvalidArgument or kNotFound (the authority's file).
///
/// Thread safety of all: any thread.
HttpAnswer HttpGet(const WebAddress& address, const std::string& path, const HttpOptions& options);

}  // namespace shadowtutor::watch

#endif  // SHADOWTUTOR_WATCH_HTTP_GET_H_
