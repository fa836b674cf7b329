// How the server teaches one client's student, message by message: what may come when, what is
// answered, and what ends it.
//
//   hello -> welcome, then any number of: key frame -> update (or an error for that frame),
//   student request -> whole student. One key frame at a time.
#ifndef SHADOWTUTOR_SERVER_TUTOR_CONVERSATION_H_
#define SHADOWTUTOR_SERVER_TUTOR_CONVERSATION_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "server/conversation.h"
#include "server/session.h"
#include "wire/protocol.h"

namespace shadowtutor::server {

/// Thread safety: as Conversation.
class TutorConversation final : public Conversation<wire::ClientMessage, wire::ServerMessage>,
                                public std::enable_shared_from_this<TutorConversation> {
 public:
  using Conversation::Conversation;
  ~TutorConversation() override;

  void OnClosed() override ST_EXCLUDES(mutex_);

 private:
  void Handle(wire::ClientMessage message, Clock::time_point now) override ST_REQUIRES(mutex_);
  bool Greeted() const override ST_REQUIRES(mutex_) { return session_ != nullptr; }
  bool FrameOutstanding() const override ST_REQUIRES(mutex_) { return busy_; }
  void OnTeacherOverdue(uint64_t owner, Clock::time_point now) override ST_REQUIRES(mutex_);
  void OnEnd() override ST_REQUIRES(mutex_);

  void OnHello(const wire::Hello& hello) ST_REQUIRES(mutex_);
  void OnKeyFrame(wire::KeyFrame key_frame, Clock::time_point now) ST_REQUIRES(mutex_);
  void OnStudentRequest(const wire::StudentRequest& request) ST_REQUIRES(mutex_);
  void SendWhole() ST_REQUIRES(mutex_);
  void DropSession() ST_REQUIRES(mutex_);
  void FinishLocked(std::optional<wire::ServerMessage> answer, Clock::time_point now)
      ST_REQUIRES(mutex_);

  // For the jobs, without the lock.
  void LabelJob(const wire::KeyFrame& key_frame, uint64_t ticket) ST_EXCLUDES(mutex_);
  void TrainJob(const LabelledFrame& labelled) ST_EXCLUDES(mutex_);
  bool StillWanted(uint64_t ticket) ST_EXCLUDES(mutex_);
  void AnswerWithError(uint64_t frame_index, const Error& error) ST_EXCLUDES(mutex_);
  void Finish(std::optional<wire::ServerMessage> answer, Clock::time_point now) ST_EXCLUDES(mutex_);
  bool Closed() const ST_EXCLUDES(mutex_);

  /// Null before the hello and after the end. While busy_, what it points to belongs to the job.
  std::unique_ptr<Session> session_ ST_GUARDED_BY(mutex_);
  bool busy_ ST_GUARDED_BY(mutex_) = false;     // a key frame is outstanding
  uint64_t tickets_ ST_GUARDED_BY(mutex_) = 0;  // that were given to labelling jobs
  /// The ticket of the job that the key frame waits for; 0: none.
  uint64_t labelling_ ST_GUARDED_BY(mutex_) = 0;
  uint64_t labelled_frame_ ST_GUARDED_BY(mutex_) = 0;  // that job's frame
  bool student_wanted_ ST_GUARDED_BY(mutex_) = false;  // asked for while busy
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_TUTOR_CONVERSATION_H_
