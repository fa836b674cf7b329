// The server's conversation with a client whose student it trains: which message may come when,
// what answers it, and what ends the conversation.
//
//   hello -> welcome (or a request to hand over the student that the hello names, which is unknown
//   here, and then once more: hello -> welcome), then any number of: key frame -> update (or an
//   error for that frame), student request -> whole student. One key frame at a time.
//
// After a key frame's answer, further updates may follow: training goes on in parts while the
// server has nothing else to do (distill::Policy::part_updates). A part that has begun ends after
// its current step when something else is to be done; what was trained by then is sent.
#ifndef SHADOWTUTOR_SERVER_TUTOR_CONVERSATION_H_
#define SHADOWTUTOR_SERVER_TUTOR_CONVERSATION_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/allowance.h"
#include "server/conversation.h"
#include "server/frame_pace.h"
#include "server/warm_start.h"
#include "tutor/session.h"
#include "wire/key_frame_codec.h"
#include "wire/protocol.h"

namespace shadowtutor::server {

/// Thread safety: as Conversation.
class TutorConversation final : public Conversation<wire::ClientMessage, wire::ServerMessage>,
                                public std::enable_shared_from_this<TutorConversation> {
 public:
  TutorConversation(std::shared_ptr<Resources> resources, std::weak_ptr<Peer> peer, uint64_t number,
                    std::string id, Clock::time_point now, const std::string& source = {});
  ~TutorConversation() override;

  void OnAllSent() override ST_EXCLUDES(mutex_);
  void OnClosed() override ST_EXCLUDES(mutex_);

 private:
  void Handle(wire::ClientMessage message, Clock::time_point now) override ST_REQUIRES(mutex_);
  bool Greeted() const override ST_REQUIRES(mutex_) { return session_ != nullptr; }
  bool FrameOutstanding() const override ST_REQUIRES(mutex_) { return busy_; }
  bool Outstanding() const override ST_REQUIRES(mutex_) {
    return SessionInUse() || student_wanted_;
  }
  void OnTeacherOverdue(bool with_this_frame, Clock::time_point now) override ST_REQUIRES(mutex_);
  void OnEnd() override ST_REQUIRES(mutex_);

  void OnHello(const wire::Hello& hello) ST_REQUIRES(mutex_);
  void OnKeyFrame(wire::KeyFrame key_frame, Clock::time_point now) ST_REQUIRES(mutex_);
  void OnStudentRequest(const wire::StudentRequest& request, Clock::time_point now)
      ST_REQUIRES(mutex_);
  bool MayHaveWhole(Clock::time_point now) ST_REQUIRES(mutex_);
  void SendWhole() ST_REQUIRES(mutex_);
  void DropSession() ST_REQUIRES(mutex_);
  /// Frames from one key frame to the next, at least, as the client was told.
  int MinStride() const ST_REQUIRES(mutex_) {
    return std::max(told_stride_, resources_->session.policy.schedule.stride.min_stride);
  }
  /// Whether a job uses the session.
  bool SessionInUse() const ST_REQUIRES(mutex_) { return busy_ || part_running_; }
  /// Has the next part of the last answer trained when the server is idle, if one is to come.
  void SubmitPart() ST_REQUIRES(mutex_);
  void FinishLocked(std::optional<wire::ServerMessage> answer, Clock::time_point now)
      ST_REQUIRES(mutex_);

  // Called by the jobs, without the lock.
  void LabelJob(const wire::KeyFrame& key_frame, uint64_t ticket, Clock::time_point since,
                Clock::time_point deadline) ST_EXCLUDES(mutex_);
  void TrainJob(const std::shared_ptr<const tutor::LabelledFrame>& labelled,
                const KeyFrameWaits& waits) ST_EXCLUDES(mutex_);
  void PartJob() ST_EXCLUDES(mutex_);
  bool PartUnwanted() const ST_EXCLUDES(mutex_);
  bool StillWanted(uint64_t ticket) ST_EXCLUDES(mutex_);
  void AnswerWithError(uint64_t frame_index, const Error& error) ST_EXCLUDES(mutex_);
  void Finish(std::optional<wire::ServerMessage> answer, Clock::time_point now) ST_EXCLUDES(mutex_);
  bool Closed() const ST_EXCLUDES(mutex_);

  WarmStart warm_start_;  // for whoever may use the session
  /// Used by this session's labelling jobs alone, of which one runs at a time.
  wire::KeyFrameDecoder decoder_;
  /// Null before the hello and after the end. While SessionInUse(), only the job uses the session.
  std::unique_ptr<tutor::Session> session_ ST_GUARDED_BY(mutex_);
  bool hand_over_asked_ ST_GUARDED_BY(mutex_) = false;  // the next hello is the second one
  bool busy_ ST_GUARDED_BY(mutex_) = false;             // a key frame is outstanding
  bool part_running_ ST_GUARDED_BY(mutex_) = false;     // a job trains a later part of an answer
  FramePace pace_ ST_GUARDED_BY(mutex_);
  int told_stride_ ST_GUARDED_BY(mutex_) = 0;  // Terms::min_stride, as the client was told
  bool taught_ ST_GUARDED_BY(mutex_) = false;  // a key frame was answered
  /// The session's version, which may be read while a job uses the session; and the one that the
  /// last answer led to. Between the two are the parts that followed, which may still be on their
  /// way to the client.
  uint64_t version_ ST_GUARDED_BY(mutex_) = 0;
  uint64_t answered_version_ ST_GUARDED_BY(mutex_) = 0;
  /// The key frame that was answered last, while more parts of its answer may come.
  std::shared_ptr<const tutor::LabelledFrame> last_frame_ ST_GUARDED_BY(mutex_);
  uint64_t tickets_ ST_GUARDED_BY(mutex_) = 0;  // given to labelling jobs so far
  /// The ticket of the labelling job that the key frame waits for; 0: none.
  uint64_t labelling_ ST_GUARDED_BY(mutex_) = 0;
  uint64_t labelled_frame_ ST_GUARDED_BY(mutex_) = 0;  // that job's frame
  bool student_wanted_ ST_GUARDED_BY(mutex_) = false;  // requested while a job used the session
  Allowance whole_students_ ST_GUARDED_BY(mutex_);
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_TUTOR_CONVERSATION_H_
