// One client's student and what is done to it: Algorithm 1 on each key frame, and the versions by
// which client and server agree, bit by bit, on what they hold. Knows nothing of the network.
#ifndef SHADOWTUTOR_SERVER_SESSION_H_
#define SHADOWTUTOR_SERVER_SESSION_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "distill/trainer.h"
#include "nn/network.h"
#include "shadowtutor/types.h"
#include "teacher/teacher.h"
#include "wire/protocol.h"

namespace shadowtutor::server {

/// What all sessions of a server have in common. Immutable once the server runs.
struct SessionOptions {
  std::shared_ptr<const nn::Checkpoint> student;  // what a session starts from
  distill::TrainerOptions trainer;
  int min_stride = 8;
  int max_stride = 64;
  std::string teacher;  // its description
  std::string server_version;
};

/// A key frame with the teacher's answer, ready to train on.
struct LabelledFrame {
  uint64_t frame_index = 0;
  Image frame;
  distill::TeacherAnswer answer;
  double teacher_ms = 0;
};

/// Throws Error kFailedPrecondition for a client of another protocol version than this server's.
void CheckProtocolVersion(uint32_t client_version);

/// Asks the teacher about a frame. Throws Error when it fails, or when its answer does not fit
/// frame or classes (`classes` is their number).
LabelledFrame LabelFrame(teacher::Teacher& teacher, Image frame, uint64_t frame_index, int classes);

/// Unpacks a key frame and asks the teacher as LabelFrame does. Throws Error, also when the bytes
/// are not the frame that they claim to be.
LabelledFrame LabelKeyFrame(teacher::Teacher& teacher, const wire::KeyFrame& key_frame,
                            int classes);

/// Thread safety: one thread at a time.
class Session {
 public:
  /// Opens a session. A student that the hello hands over is taken where it fits what the server
  /// has; where only its frozen part differs, the server's student is sent instead. Throws Error:
  /// kFailedPrecondition (another protocol version, other classes, another network), kDataLoss (the
  /// weights are not what their checksum says).
  Session(const SessionOptions& options, const wire::Hello& hello, const std::string& id);

  /// The answer to the hello; has the student in it where the client needs one. Once.
  wire::Welcome TakeWelcome();
  /// Whether the student that the client handed over is in use.
  bool adopted() const { return adopted_; }

  /// Algorithm 1 on a labelled key frame, and the update that takes the client to the same weights.
  /// On an Error (weights that became infinite, no memory) the student is as it was before. The
  /// memory that training takes is the caller's: a worker's, not the session's.
  wire::Update Train(const LabelledFrame& key_frame,
                     std::shared_ptr<nn::TrainingWorkspace> workspace);

  /// All weights, for a client that does not hold what it should.
  wire::WholeStudent Whole() const;

  /// Of the student that the client holds once it has everything that was sent.
  uint64_t version() const { return version_; }

 private:
  std::vector<float> StartingWeights(const wire::Hello& hello);

  const std::shared_ptr<const nn::Checkpoint> base_;
  const wire::UpdateCodec codec_;
  bool adopted_ = false;
  uint64_t version_ = 0;
  std::unique_ptr<distill::Trainer> trainer_;
  wire::Welcome welcome_;
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_SESSION_H_
