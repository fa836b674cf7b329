// A link of limited bandwidth, to measure the effect of a slower network: connections to a port of
// this machine are passed on to an address, at a limited number of bytes per second in each
// direction. TLS passes through unchanged. docs/protocol.md says which properties of a slow network
// are not imitated.
#ifndef SHADOWTUTOR_APP_RELAY_H_
#define SHADOWTUTOR_APP_RELAY_H_

#include <cstdint>
#include <memory>
#include <string>

namespace shadowtutor::app {

struct RelayOptions {
  std::string address;          // of the server, host:port or unix:path
  double bytes_per_second = 0;  // per direction, for all connections together
};

struct RelayStats {
  uint64_t bytes_up = 0;  // to the server, as TCP carries them
  uint64_t bytes_down = 0;
  uint64_t connections = 0;
};

/// Buffers at most kBufferBytes per direction and connection and reads no more while the buffer is
/// full, so that TCP's own flow control holds back a fast sender. Has at most kMostConnections at a
/// time.
///
/// Thread safety: all functions may be called from any thread.
class Relay {
 public:
  static constexpr size_t kBufferBytes = 64 << 10;
  static constexpr int kMostConnections = 8;

  /// Listens on a free port of the loopback address. Throws Error kInvalidArgument for an invalid
  /// bandwidth or address, kUnavailable when no port is free.
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
