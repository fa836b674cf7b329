// A client's link to a server in its own process and thread, on a clock that counts frames.
//
// A key frame is labelled and trained on at once by a real session, and its update is handed out
// when the clock (server_clock.h) says so. Frames and updates pass through the same codecs as over
// a network, so sizes, losses and checks are the real ones. How long anything takes matters only
// where the clock is told to measure it.
#ifndef SHADOWTUTOR_EVAL_SIM_VIRTUAL_LINK_H_
#define SHADOWTUTOR_EVAL_SIM_VIRTUAL_LINK_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "client/server_link.h"
#include "distill/policy.h"
#include "eval/sim/server_clock.h"
#include "eval/sim/strategy.h"
#include "nn/network.h"
#include "teacher/teacher.h"
#include "tutor/session.h"
#include "wire/key_frame_codec.h"

namespace shadowtutor::eval {

/// Thread safety: one thread, the client's.
class VirtualLink : public client::ServerLink {
 public:
  /// Starts a session with `student`, which the client must hold as version(). `teacher` must
  /// outlive the link. `frames_per_second` may be 0, unknown, unless the delay is kDelayAuto.
  /// Throws Error kInvalidArgument for options out of range, and as ServerClock.
  VirtualLink(std::shared_ptr<const nn::Checkpoint> student, teacher::Teacher& teacher,
              const distill::Policy& policy, const StrategyOptions& options,
              double frames_per_second);

  /// Sets the clock to the frame that the client is about to process. Where the delay is
  /// kDelayAuto, the server has gone on with the last key frame in the meantime, as the policy
  /// says: its answer comes in parts. (With a delay in frames the answer is whole.)
  void BeginFrame(uint64_t index);

  uint64_t version() const { return session_.version(); }
  const Totals& totals() const { return totals_; }

  bool Connected() override { return true; }
  bool SendKeyFrame(ImageView frame, uint64_t frame_index) override;
  /// Of no use here: updates come in on no thread but the client's.
  void OnArrival(Arrived) override {}
  std::optional<wire::Update> PollUpdate() override;
  std::optional<wire::Update> WaitForUpdate() override;
  /// Every key frame gets its update.
  bool AnswerPending() override { return true; }
  std::optional<WholeStudent> TakeStudent() override { return std::nullopt; }
  /// Throws Error kInternal: in one process the two sides can differ only by a defect.
  void RequestStudent(const std::string& why) override;
  /// Does nothing: this link never reconnects.
  void Holding(std::span<const float>, uint64_t) override {}
  /// Always nullopt: the client is made with the session's parameters.
  std::optional<Session> TakeSession() override { return std::nullopt; }

 private:
  /// An update on its way to the client.
  struct Coming {
    wire::Update update;
    uint64_t due = 0;  // the first frame that can use it
  };

  void Send(wire::Update update);
  std::optional<wire::Update> HandOut();

  teacher::Teacher& teacher_;
  const StrategyOptions options_;
  const int classes_;
  const std::shared_ptr<nn::TrainingWorkspace> workspace_ =
      std::make_shared<nn::TrainingWorkspace>();
  const std::unique_ptr<wire::KeyFrameEncoder> encoder_;  // the device's
  wire::KeyFrameDecoder decoder_;                         // the server's
  tutor::Session session_;
  ServerClock clock_;
  tutor::LabelledFrame last_;  // key frame
  uint64_t now_ = 0;           // the frame at hand
  std::deque<Coming> coming_;  // in the order in which they were made
  Totals totals_;
};

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_SIM_VIRTUAL_LINK_H_
