// The interface between the client and whatever brings its key frames to a server and the updates
// back.
#ifndef SHADOWTUTOR_CLIENT_SERVER_LINK_H_
#define SHADOWTUTOR_CLIENT_SERVER_LINK_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "distill/policy.h"
#include "nn/network.h"
#include "shadowtutor/types.h"
#include "wire/messages.h"
#include "wire/protocol.h"

namespace shadowtutor::client {

/// The implementations are a link over gRPC in rpc/client, one of a web page in page, a link within
/// the process on a virtual clock in eval/sim, and scripted links in tests. Every function is pure
/// virtual, so that no implementation can forget one; links that wrap another link derive from
/// ForwardingLink (client/forwarding_link.h).
///
/// Thread safety: the client's thread only. Only WaitForUpdate blocks, and it has a deadline.
class ServerLink {
 public:
  virtual ~ServerLink() = default;

  /// Whether there is a session with a server. While there is none, the client sends no key frames
  /// and continues to predict.
  virtual bool Connected() = 0;
  /// Sends a key frame. Returns false when it cannot be sent. `frame` need not live longer than the
  /// call.
  virtual bool SendKeyFrame(ImageView frame, uint64_t frame_index) = 0;

  /// Sets a callback that prepares updates. The link calls it with each update, on the thread on
  /// which the update arrives, before PollUpdate or WaitForUpdate can return the update. The
  /// callback does not throw. A link without a thread of its own need not call it; the client then
  /// prepares an update when it applies it.
  using Arrived = std::function<void(const wire::Update& update)>;
  virtual void OnArrival(Arrived arrived) = 0;
  /// The next update, if one has arrived: the answer to the last key frame, or a later part of an
  /// answer (wire::Update::part), in the order in which the server sent them. When
  /// wire::kMostWaitingUpdates wait, later parts are dropped; the client finds out by their
  /// versions.
  virtual std::optional<wire::Update> PollUpdate() = 0;
  /// Waits for the next update, be it the answer or a later part of the one before, at most until
  /// the link's own deadline. Returns nullopt when there is none and the connection was lost, the
  /// server sent an error instead, or the deadline passed; the key frame then gets no update.
  virtual std::optional<wire::Update> WaitForUpdate() = 0;
  /// False once it is known that the last key frame gets no update, for example because the teacher
  /// failed on it.
  virtual bool AnswerPending() = 0;

  /// A whole student from the server: at the start of a session, or after RequestStudent. The
  /// client must hold it from now on, and later updates apply to it.
  struct WholeStudent {
    std::shared_ptr<const nn::Checkpoint> student;
    uint64_t version = 0;
  };
  /// The last whole student that arrived since the previous call. A student that the server sent
  /// before an update is available here once PollUpdate or WaitForUpdate has returned the update.
  virtual std::optional<WholeStudent> TakeStudent() = 0;
  /// Asks the server for a whole student, because the client's weights differ from the server's (in
  /// version or checksum). `why` is a sentence for the server's log.
  virtual void RequestStudent(const std::string& why) = 0;
  /// Tells the link the trained suffix that the client holds and its version. The link sends them
  /// to the server when it reconnects. `trained` need not live longer than the call.
  virtual void Holding(std::span<const float> trained, uint64_t version) = 0;

  /// What the server's Welcome said at the start of a session.
  struct Session {
    distill::Policy policy;
    uint64_t version = 0;   // of the student that the session begins with
    uint64_t checksum = 0;  // wire::WeightChecksum of that student's trained part
    int min_stride = 0;     // as wire::Update::min_stride
  };
  /// The session that began since the previous call: at the start and after every reconnection. A
  /// link whose parameters are always those that the client was made with returns only nullopt.
  virtual std::optional<Session> TakeSession() = 0;
};

}  // namespace shadowtutor::client

#endif  // SHADOWTUTOR_CLIENT_SERVER_LINK_H_
