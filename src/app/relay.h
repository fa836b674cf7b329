// A link with less bandwidth than there is: connections to a port of this machine are passed on to
// an address, and each direction passes no more bytes a second than it may. TLS goes through
// untouched. For measuring what a slower network would do; docs/protocol.md says what it leaves
// out.
#ifndef SHADOWTUTOR_APP_RELAY_H_
#define SHADOWTUTOR_APP_RELAY_H_

#include <cstdint>
#include <memory>
#include <string>

namespace shadowtutor::app {

struct RelayOptions {
  std::string address;          // of the server, host:port or unix:path
  double bytes_per_second = 0;  // of each direction, all connections together
};

struct RelayStats {
  uint64_t bytes_up = 0;  // to the server, as TCP carries them
  uint64_t bytes_down = 0;
  uint64_t connections = 0;
};

/// Holds at most kBufferBytes a direction and connection and takes nothing more meanwhile, so
/// that TCP's own flow control holds back whoever sends too fast. At most kMostConnections at a
/// time.
///
/// Thread safety: any thread.
class Relay {
 public:
  static constexpr size_t kBufferBytes = 64 << 10;
  static constexpr int kMostConnections = 8;

  /// Listens on a free port of the loopback address. Throws Error kInvalidArgument for a bandwidth
  /// or an address that is none, kUnavailable when there is no port to be had.
  explicit Relay(const RelayOptions& options);
  /// Cuts all connections.
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  /// "127.0.0.1:port": where to connect.
  const std::string& address() const;
  RelayStats stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shadowtutor::app

#endif  // SHADOWTUTOR_APP_RELAY_H_
