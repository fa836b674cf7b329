// What a client needs of whoever carries its key frames to a teacher and the updates back.
#ifndef SHADOWTUTOR_CLIENT_SERVER_LINK_H_
#define SHADOWTUTOR_CLIENT_SERVER_LINK_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "nn/network.h"
#include "shadowtutor/types.h"
#include "wire/messages.h"
#include "wire/protocol.h"

namespace shadowtutor::client {

/// Implementations: rpc/grpc_link.h (the network), eval's in-process link on a virtual clock,
/// scripted ones in tests. Every function is pure, so that no implementation leaves one out without
/// saying so; one that wraps another link derives from ForwardingLink (client/forwarding_link.h).
///
/// Called by the client's thread only. No call blocks but WaitForUpdate, which has a deadline.
class ServerLink {
 public:
  virtual ~ServerLink() = default;

  /// Whether a key frame would reach a server now. While false the client predicts on and sends
  /// none.
  virtual bool Connected() = 0;
  /// Hands over a key frame; copies or encodes what it needs before it returns. False: not sent.
  virtual bool SendKeyFrame(ImageView frame, uint64_t frame_index) = 0;

  /// `arrived` wants to see each update on whatever thread it comes in on, before PollUpdate gives
  /// it, so that it can be made ready there. It does not throw. A link without a thread of its own
  /// need not call it: the client then makes an update ready when it applies it.
  using Arrived = std::function<void(const wire::Update& update)>;
  virtual void OnArrival(Arrived arrived) = 0;
  /// The update for the outstanding key frame if it has arrived.
  virtual std::optional<wire::Update> PollUpdate() = 0;
  /// Waits for it, at most as long as the link's own deadline. nullopt: the link was lost, the
  /// server refused or the deadline passed; the key frame is no longer outstanding.
  virtual std::optional<wire::Update> WaitForUpdate() = 0;
  /// False once it is known that the key frame sent last gets no update (the teacher failed on it).
  virtual bool AnswerPending() = 0;

  /// A whole student that the server handed over since the last call (at the start, or after
  /// RequestStudent): what the client must hold from now on, and what updates that come after it
  /// apply to. One that came before an update is here by the time that PollUpdate gives the update.
  struct WholeStudent {
    std::shared_ptr<const nn::Checkpoint> student;
    uint64_t version = 0;
  };
  virtual std::optional<WholeStudent> TakeStudent() = 0;
  /// The client's weights are not the server's (wrong version or checksum): send them whole.
  virtual void RequestStudent(const std::string& why) = 0;
  /// Tells the link what the client holds, so that a reconnection can hand it over.
  virtual void Holding(std::span<const float> trained, uint64_t version) = 0;

  /// What a server settled when it welcomed the client.
  struct Session {
    wire::Parameters parameters;
    uint64_t version = 0;   // of the student that both sides hold now
    uint64_t checksum = 0;  // wire::WeightChecksum of its trained part
  };
  /// The session that began since the last call: at the start and after every reconnection. nullopt
  /// always for a link that has one server, with the parameters that the client was made with.
  virtual std::optional<Session> TakeSession() = 0;
};

}  // namespace shadowtutor::client

#endif  // SHADOWTUTOR_CLIENT_SERVER_LINK_H_
