// Algorithm 3: the client on the device (algorithm section 5).
//
// The client predicts every frame with the weights that it has, sends a few key frames over a
// ServerLink, and applies the updates that come back, each between two frames. It knows nothing of
// networks and transports.
#ifndef SHADOWTUTOR_CLIENT_CLIENT_H_
#define SHADOWTUTOR_CLIENT_CLIENT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "client/server_link.h"
#include "distill/policy.h"
#include "nn/network.h"
#include "shadowtutor/types.h"
#include "wire/messages.h"

namespace shadowtutor::client {

/// What the client does when an update has not arrived MIN_STRIDE frames after its key frame.
enum class Staleness {
  kWait,  // the paper's rule: wait for the update; for files, where waiting loses no frames
  kGoOn,  // continue with the present weights; for live sources
};

/// The client's options. When a session begins, the server's policy (ServerLink::TakeSession)
/// replaces `policy`.
struct ClientOptions {
  distill::Policy policy;
  Staleness staleness = Staleness::kWait;
  /// At most so many key frames a second, whatever the policy wants; 0: no such bound. For a device
  /// whose own frame rate, or whose network, is not what the policy's frames were meant for.
  double key_frames_per_second = 0;
};

/// What happened at one frame.
struct FrameReport {
  uint64_t index = 0;           // 0 for the first frame
  bool key_frame = false;       // whether this frame was sent
  bool update_applied = false;  // whether updates were applied before this frame was predicted
  int stride = 0;               // the stride after this frame, in frames
  double metric = -1;           // mIoU (0..1) of the last update; -1 before the first one
  double predict_ms = 0;        // time of the prediction
  double waited_ms = 0;         // time spent waiting for an overdue update
  double apply_ms = 0;  // time from an update's arrival until it was in use, of the last one
  double swap_ms = 0;   // how long the updates delayed the prediction
  /// The answer to a key frame that was applied, without its payload.
  std::optional<wire::Update> update;
  /// Later parts of answers (wire::Update::part) that were applied, without their payloads.
  std::vector<wire::Update> parts;
};

class Engine;

/// The client checks the version and the checksum of every update before it applies it. It drops an
/// update that does not fit, asks the link for the whole student, and continues with the weights
/// that it has. Later parts of an answer are applied as they come, whether or not another key frame
/// is outstanding; Algorithm 2 and waiting are about the answers alone.
///
/// Thread safety: one thread at a time.
class Client {
 public:
  /// `student` may be null: the client then begins with the first WholeStudent from the link.
  /// `version` is the student's version. Throws Error kInvalidArgument for options out of range.
  Client(std::shared_ptr<const nn::Checkpoint> student, uint64_t version,
         std::unique_ptr<ServerLink> link, const ClientOptions& options);
  /// The same with an engine given by the caller (client/engine.h), for tests.
  Client(std::shared_ptr<const nn::Checkpoint> student, uint64_t version,
         std::unique_ptr<ServerLink> link, const ClientOptions& options,
         std::unique_ptr<Engine> engine);
  ~Client();

  /// Algorithm 3 for one frame. Writes the prediction to `labels`, which gets the frame's size. The
  /// size may change from frame to frame. Throws Error kFailedPrecondition when there is no student
  /// yet, kInvalidArgument or kResourceExhausted for an empty or oversized frame.
  FrameReport Process(ImageView frame, LabelMap& labels);

  /// Changes ClientOptions::key_frames_per_second. Throws Error kInvalidArgument for a value out of
  /// range.
  void SetKeyFramesPerSecond(double rate);

  /// Whether there is a student to predict with. Takes new sessions and students from the link
  /// first, as Process does, so that a program can wait for the first student.
  bool HasStudent();
  /// The student that the client predicts with. The reference is valid until the next call. Throws
  /// Error kFailedPrecondition when there is none.
  const nn::Checkpoint& student() const;
  /// The version of that student.
  uint64_t version() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shadowtutor::client

#endif  // SHADOWTUTOR_CLIENT_CLIENT_H_
