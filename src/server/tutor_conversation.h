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

  void OnClosed() override;

 private:
  void Handle(wire::ClientMessage message, Clock::time_point now) override;
  bool Greeted() const override { return session_ != nullptr; }
  bool FrameOutstanding() const override { return busy_; }
  void OnTeacherOverdue(uint64_t owner, Clock::time_point now) override;
  void OnEnd() override;

  void OnHello(const wire::Hello& hello);
  void OnKeyFrame(wire::KeyFrame key_frame, Clock::time_point now);
  void OnStudentRequest(const wire::StudentRequest& request);
  void SendWhole();
  void DropSession();
  void FinishLocked(std::optional<wire::ServerMessage> answer, Clock::time_point now);

  // For the jobs, without the lock.
  void LabelJob(const wire::KeyFrame& key_frame, uint64_t ticket);
  void TrainJob(const LabelledFrame& labelled);
  bool StillWanted(uint64_t ticket);
  void AnswerWithError(uint64_t frame_index, const Error& error);
  void Finish(std::optional<wire::ServerMessage> answer, Clock::time_point now);
  bool Closed() const;

  std::unique_ptr<Session> session_;  // belongs to the job while busy_, to mutex_ otherwise
  bool busy_ = false;                 // a key frame is outstanding
  uint64_t tickets_ = 0;              // that were given to labelling jobs
  uint64_t labelling_ = 0;            // the ticket of the job that the key frame waits for; 0: none
  uint64_t labelled_frame_ = 0;       // that job's frame
  bool student_wanted_ = false;       // asked for while busy
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_TUTOR_CONVERSATION_H_
