// The server's copy of one client's student: Algorithm 1 on each key frame, and the versions and
// checksums by which client and server hold the same weights, bit for bit. The order of messages is
// not checked here (server/tutor_conversation.h does that), and neither the network nor the teacher
// plays a part.
#ifndef SHADOWTUTOR_TUTOR_SESSION_H_
#define SHADOWTUTOR_TUTOR_SESSION_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "distill/policy.h"
#include "distill/shown_classes.h"
#include "distill/trainer.h"
#include "nn/network.h"
#include "shadowtutor/types.h"
#include "wire/coded_update.h"
#include "wire/protocol.h"
#include "wire/student_codec.h"

namespace shadowtutor::tutor {

/// What all sessions of a server have in common. Constant once the server runs.
struct SessionOptions {
  std::shared_ptr<const nn::Checkpoint> student;  // what a session starts from
  std::optional<wire::NamedStudent>
      name;  // of `student`; absent: who names one has to hand it over
  /// The same for clients that take it coded; null: none gets it so.
  std::shared_ptr<const wire::PackedStudent> packed;
  distill::Policy policy;
  std::string teacher;  // the teacher's description
  std::string server_version;
};

/// A key frame with the teacher's answer, ready to train on.
struct LabelledFrame {
  uint64_t frame_index = 0;
  Image frame;
  distill::TeacherAnswer answer;
  double teacher_ms = 0;
};

/// What a student says of a key frame: before and after it is trained on it.
struct Predictions {
  LabelMap before, after;
};

/// Throws Error kFailedPrecondition for a client of another protocol version than this server's.
void CheckProtocolVersion(uint32_t client_version);

/// Whether a session can begin with the student of this name: the server's own.
bool Knows(const SessionOptions& options, const wire::NamedStudent& named);

/// One client's student in training. Thread safety: one thread at a time.
class Session {
 public:
  /// Opens a session that is named `id`. A student that the hello hands over is adopted if its
  /// classes, its shape and its frozen part are the server's; if only the frozen part differs, the
  /// client gets the server's student instead. A student that it names is adopted if the server
  /// knows it; if not, the client gets the server's. Throws Error: kFailedPrecondition (another
  /// protocol version, other classes, another shape), kDataLoss (the weights do not have their
  /// checksum).
  Session(const SessionOptions& options, const wire::Hello& hello, const std::string& id);

  /// The answer to the hello, with the student if the client needs it. To be called once.
  wire::Welcome TakeWelcome();
  /// Whether the student that the client handed over or named is in use.
  bool adopted() const { return adopted_; }

  /// Trains on a labelled key frame and returns the update that gives the client the same weights.
  /// If the client takes answers in parts and the policy has them, this is the first part. If it
  /// throws (weights that became infinite, no memory), the student stays as it was. `workspace` is
  /// the memory that training uses; sessions that are trained one after the other can share it.
  /// `stop` as in distill::Trainer::Train. `predictions`, if it is not null, gets both; that costs
  /// the frozen stages once more and changes nothing else.
  wire::Update Train(const LabelledFrame& key_frame,
                     std::shared_ptr<nn::TrainingWorkspace> workspace,
                     const std::function<bool()>& stop = {}, Predictions* predictions = nullptr);

  /// Whether the training on the last key frame can go on: not all of the policy's steps were
  /// taken, and the metric still grows. False for clients that do not take parts.
  bool MoreToCome() const;
  /// Goes on with the key frame that was given to the last Train, which must be given again, and
  /// returns the next part of its answer; nullopt if `stop` ended it before the first step. Call it
  /// only while MoreToCome(). Throws as Train does, and may then be called again. `after` is the
  /// student's prediction afterwards, if it is not null.
  std::optional<wire::Update> Continue(const LabelledFrame& key_frame,
                                       std::shared_ptr<nn::TrainingWorkspace> workspace,
                                       const std::function<bool()>& stop = {},
                                       LabelMap* after = nullptr);

  /// The whole student, for a client that does not hold the right weights. It must be sent: from
  /// now on, updates are coded as for a client that has seen none before.
  wire::WholeStudent Whole();
  /// The student as it is by now.
  nn::Checkpoint student() const;

  /// The time that encoding the last update took, in milliseconds, which is part of its train_ms; 0
  /// where there was nothing to encode.
  double encoding_ms() const { return encoding_ms_; }

  /// The version that the client holds once it has received everything that was sent.
  uint64_t version() const { return version_; }

 private:
  std::vector<float> StartingWeights(const SessionOptions& options, const wire::Hello& hello);
  /// The student that the session starts from, for a client that does not hold it.
  wire::WholeStudent First(const SessionOptions& options);
  /// Has `train` change the student and makes the update of it.
  /// `before_training` and `after`, where they are not null, get what the student says around it.
  wire::Update UpdateBy(const std::function<distill::TrainResult()>& train,
                        const LabelledFrame& key_frame,
                        std::shared_ptr<nn::TrainingWorkspace> workspace, LabelMap* before_training,
                        LabelMap* after);
  /// Makes the payload of `update` from the student's weights, and takes over the weights that the
  /// client will hold. `before` are all weights that it holds.
  void Pack(wire::Update& update, std::span<const float> before, const LabelMap& label);

  /// Codes further updates as for a client that has seen none.
  void ForgetUpdates();

  std::shared_ptr<const nn::Checkpoint> base_;
  const wire::UpdateCodec codec_;
  const distill::Policy::Coded coded_options_;
  const distill::TrainerOptions training_;
  const int part_steps_;  // distillation steps of a part; 0: every answer has one part
  const int idle_steps_;  // what the policy allows beyond a key frame's usual steps
  distill::ShownClasses shown_;
  std::vector<uint8_t> shown_classes_;  // since the last key frame
  int part_ = 0;                        // the last one that was made
  int idle_left_ = 0;                   // of idle_steps_, for the last key frame
  bool adopted_ = false;
  double encoding_ms_ = 0;
  uint64_t version_ = 0;
  std::unique_ptr<distill::Trainer> trainer_;
  std::optional<wire::CodedUpdates> coded_;  // what the client remembers, too
  wire::Welcome welcome_;
};

}  // namespace shadowtutor::tutor

#endif  // SHADOWTUTOR_TUTOR_SESSION_H_
