// Accepts a server's connections and bounds them.
//
// gRPC 1.51 stops accepting for ever when the process once runs out of file descriptors, and knows
// no bound for connections. So the listening sockets are ours: a thread accepts, keeps a connection
// until its client has said something, and only then hands it over to gRPC.
#ifndef SHADOWTUTOR_RPC_SERVER_CONNECTION_ACCEPTOR_H_
#define SHADOWTUTOR_RPC_SERVER_CONNECTION_ACCEPTOR_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <thread>

#include "core/file_descriptor.h"
#include "rpc/refused_clients.h"
#include "rpc/server/listen.h"
#include "rpc/server/peer_address.h"

namespace shadowtutor::rpc {

struct AcceptorOptions {
  int max_connections = 1;  // in all
  /// From one address, and from this machine's own (see PeerAddress::local).
  int max_per_address = 1;
  int max_local = 1;
  /// A connection whose client says nothing for this long is closed.
  std::chrono::milliseconds silence{10'000};
  /// Whether clients should begin with HTTP/2's plain greeting: the log then names those that do
  /// not. Where the server speaks TLS, gRPC names them (rpc/grpc_log.h).
  bool expects_http2 = true;
  /// Called with a connection whose client has said something; owns the descriptor from then on,
  /// and closes it at the connection's end.
  std::function<void(FileDescriptor connection)> hand_over;
  /// Called now and then with what was refused. May be empty.
  std::function<void(const std::string& line)> log;
};

/// When there are too many connections, the one that has said nothing for longest makes room for
/// the next; when all have said something, the next is closed. When the process or the system is
/// out of file descriptors, connections are closed as well, and accepting goes on.
///
/// Thread safety: one thread constructs and destroys; the rest is the acceptor's own thread.
class ConnectionAcceptor {
 public:
  /// Begins to accept. Throws std::system_error when no thread can be started, Error kUnavailable
  /// when no file descriptor is left.
  ConnectionAcceptor(ListeningSockets listening, AcceptorOptions options);
  /// Stops listening and closes the connections that have not been handed over.
  ~ConnectionAcceptor();
  ConnectionAcceptor(const ConnectionAcceptor&) = delete;
  ConnectionAcceptor& operator=(const ConnectionAcceptor&) = delete;

  const std::string& address() const { return listening_.address; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Connection {
    FileDescriptor descriptor;  // empty once it is handed over
    uint64_t inode = 0;         // tells whether the number is still that of this connection
    PeerAddress peer;
    Clock::time_point since;
  };
  using Connections = std::map<int, Connection>;  // by the descriptor's number

  void Run();
  void Accept(int listener);
  bool IsFull(const PeerAddress& peer) const;   // has as many connections as one address may
  bool HasRoom(const PeerAddress& peer) const;  // for one connection more
  bool MakeRoom(const PeerAddress& peer);
  void OutOfDescriptors(int listener);
  void Hear(int number);
  void CloseSilent(Clock::time_point now);
  void Prune();
  Connections::iterator OldestSilent(const std::string* address);
  void Report(Clock::time_point now);

  ListeningSockets listening_;
  const AcceptorOptions options_;
  FileDescriptor wake_;
  FileDescriptor reserve_;  // closed for a moment when no other is left
  Connections connections_;
  Clock::time_point pause_until_;                               // accepts nothing before
  uint64_t refused_ = 0, silent_ = 0, out_of_descriptors_ = 0;  // since the last line of the log
  std::optional<Clock::time_point> reported_;
  LineLimit wrong_greetings_;
  std::thread thread_;
};

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_SERVER_CONNECTION_ACCEPTOR_H_
