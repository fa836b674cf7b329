// Clients that send bare messages of the protocol, as a hostile or faulty client would, over either
// transport.
#ifndef SHADOWTUTOR_TESTS_BARE_CLIENT_H_
#define SHADOWTUTOR_TESTS_BARE_CLIENT_H_

#include <memory>
#include <string>

#include "shadowtutor/types.h"
#include "shadowtutor/v1/shadowtutor.pb.h"
#include "wire/protocol.h"

namespace shadowtutor {

/// How a stream ended.
struct Ending {
  bool ok = false;
  ErrorCode code = ErrorCode::kInternal;
  std::string sentence;
};

/// One stream on a connection of its own. Nothing waits for longer than a minute.
class BareClient {
 public:
  virtual ~BareClient() = default;

  /// Returns whether the connection took it.
  virtual bool SayBare(const v1::ClientMessage& message) = 0;
  /// Returns false at the stream's end.
  virtual bool HearBare(v1::ServerMessage& message) = 0;
  virtual void WritesDone() = 0;
  /// Vanishes.
  virtual void Cancel() = 0;
  /// Reads what is left and returns how the stream ended.
  virtual Ending Finish() = 0;

  bool Say(wire::ClientMessage message);
  /// Throws std::runtime_error at the stream's end.
  wire::ServerMessage Hear();
  wire::Welcome Greet();
};

/// `address` is "host:port". With a `token` they say so as each does: in gRPC's metadata; as a page
/// does, in the list of protocols.
std::unique_ptr<BareClient> BareClientOverGrpc(const std::string& address,
                                               const std::string& token = "");
std::unique_ptr<BareClient> BareClientOverWebSocket(const std::string& address,
                                                    const std::string& token = "");

}  // namespace shadowtutor

#endif  // SHADOWTUTOR_TESTS_BARE_CLIENT_H_
