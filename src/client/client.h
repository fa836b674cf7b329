// Algorithm 3: the device's side (algorithm section 5).
//
// The client predicts every frame with the weights at hand, sends sparse key frames over a
// ServerLink, and applies the updates that come back between two frames.
#ifndef SHADOWTUTOR_CLIENT_CLIENT_H_
#define SHADOWTUTOR_CLIENT_CLIENT_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "client/server_link.h"
#include "distill/key_frame_stride.h"
#include "nn/network.h"
#include "shadowtutor/types.h"
#include "wire/messages.h"

namespace shadowtutor::client {

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
