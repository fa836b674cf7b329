// Algorithm 3: the device's side (algorithm section 5).
//
// The client predicts every frame with the weights at hand, sends sparse key frames over a
// ServerLink, and applies the updates that come back between two frames.
#ifndef SHADOWTUTOR_CLIENT_CLIENT_H_
#define SHADOWTUTOR_CLIENT_CLIENT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "distill/key_frame_stride.h"
#include "nn/network.h"
#include "nn/predictor.h"
#include "shadowtutor/types.h"
#include "wire/messages.h"
#include "wire/protocol.h"

namespace shadowtutor::client {

/// Whoever carries key frames to a teacher and updates back. Implementations: rpc/grpc_link.h (the
/// network), eval's in-process link on a virtual clock, scripted ones in tests.
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
  /// The update for the outstanding key frame if it has arrived.
  virtual std::optional<wire::Update> PollUpdate() = 0;
  /// Waits for it, at most as long as the link's own deadline. nullopt: the link was lost, the
  /// server refused or the deadline passed; the key frame is no longer outstanding.
  virtual std::optional<wire::Update> WaitForUpdate() = 0;
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

  /// What a server settled when it welcomed the client. A link that always has the same server on
  /// the other side, with the parameters that the client was made with, need not override this.
  struct Session {
    wire::Parameters parameters;
    uint64_t version = 0;   // of the student that both sides hold now
    uint64_t checksum = 0;  // wire::WeightChecksum of its trained part
  };
  /// The session that began since the last call: at the start and after every reconnection.
  virtual std::optional<Session> TakeSession() { return std::nullopt; }
  /// `arrived` wants to see each update on whatever thread it comes in on, before PollUpdate gives
  /// it, so that it can be made ready there. A link without a thread of its own need not override
  /// this.
  using Arrived = std::function<void(const wire::Update& update)>;
  virtual void OnArrival(Arrived arrived) { static_cast<void>(arrived); }
  /// False once it is known that the key frame sent last gets no update (the teacher failed on it).
  virtual bool AnswerPending() { return true; }
};

/// What to do at step = MIN_STRIDE when the update has not arrived.
enum class Staleness {
  kWait,  // the paper's rule: wait for it (files: nothing is lost by waiting)
  kGoOn,  // live sources: predict on with the weights at hand
};

/// A session's parameters (ServerLink::TakeSession) replace `stride` and `cut`.
struct ClientOptions {
  distill::StrideOptions stride;
  nn::Stage cut = nn::kPartialDistillation;
  Staleness staleness = Staleness::kWait;
};

/// What happened at one frame.
struct FrameReport {
  uint64_t index = 0;           // 0 for the first frame
  bool key_frame = false;       // this frame was sent
  bool update_applied = false;  // an update was put to use before this frame was predicted
  int stride = 0;               // in force after this frame
  double metric = -1;           // of the last update, -1 before the first
  double predict_ms = 0;
  double waited_ms = 0;                // for an overdue update
  double apply_ms = 0;                 // from the update's arrival to its being in use
  double swap_ms = 0;                  // the part of it that kept the prediction waiting
  std::optional<wire::Update> update;  // the one that was applied, without its payload
};

class Engine;

/// Every update is checked by version and checksum before it is put to use. One that does not fit
/// is dropped, the link is asked for the whole student, and the client predicts on with what it
/// has.
///
/// Thread safety: one thread.
class Client {
 public:
  /// `student` may be null: the first WholeStudent from the link serves.
  Client(std::shared_ptr<const nn::Checkpoint> student, uint64_t version,
         std::unique_ptr<ServerLink> link, const ClientOptions& options);
  /// With another engine than the project's own (client/engine.h): for tests.
  Client(std::shared_ptr<const nn::Checkpoint> student, uint64_t version,
         std::unique_ptr<ServerLink> link, const ClientOptions& options,
         std::unique_ptr<Engine> engine);
  ~Client();

  /// Algorithm 3 for one frame: predicts it into `labels`.
  /// Throws Error kFailedPrecondition when there is no student yet, kInvalidArgument or
  /// kResourceExhausted for an empty or oversized frame. The size may change from frame to frame.
  FrameReport Process(ImageView frame, LabelMap& labels);

  /// Takes what the link has to hand over, as Process does before it predicts. For waiting for the
  /// first student.
  bool HasStudent();
  /// Throws Error kFailedPrecondition when there is none.
  const nn::Checkpoint& student() const;
  uint64_t version() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shadowtutor::client

#endif  // SHADOWTUTOR_CLIENT_CLIENT_H_
