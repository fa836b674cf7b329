// What a server's log says of clients with which no connection came about. It names the reason in
// plain words, and however many such clients there are, the log grows by a few lines a minute.
#ifndef SHADOWTUTOR_RPC_REFUSED_CLIENTS_H_
#define SHADOWTUTOR_RPC_REFUSED_CLIENTS_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace shadowtutor::rpc {

/// The plain sentence for a TLS handshake that gRPC gave up; `message` is the line that gRPC 1.51
/// writes into its own log. Names the client's address where gRPC does. nullopt for any other line.
/// Thread safety: any thread.
std::optional<std::string> RefusedHandshake(const std::string& message);

/// The sentence for a client of a server without TLS whose first bytes (3 suffice) show that it
/// speaks TLS, or that it cannot be one of ours. nullopt where the bytes are as they should be, or
/// too few to tell. Thread safety: any thread.
std::optional<std::string> WrongGreeting(std::span<const uint8_t> first);

/// Lets a few lines a minute pass and counts the others. Thread safety: one thread.
class LineLimit {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr int kLines = 6;
  static constexpr std::chrono::minutes kPeriod{1};

  /// Returns the line if it may pass, with the number of those that were left out before it.
  std::optional<std::string> Pass(const std::string& line, Clock::time_point now);

 private:
  std::optional<Clock::time_point> begin_;  // of the current period
  int lines_ = 0;                           // in it
  uint64_t left_out_ = 0;
};

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_REFUSED_CLIENTS_H_
