// The protocol as the server speaks it with one client: what may come when, what is answered, and
// what ends it. Knows nothing of gRPC: messages come in as calls, go out through a Peer.
//
//   hello -> welcome, then any number of: key frame -> update (or an error for that frame),
//   student request -> whole student. One key frame at a time.
#ifndef SHADOWTUTOR_SERVER_CONVERSATION_H_
#define SHADOWTUTOR_SERVER_CONVERSATION_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "rpc/limits.h"
#include "server/peer.h"
#include "server/scheduler.h"
#include "server/session.h"
#include "server/stats.h"
#include "server/teacher_watch.h"
#include "shadowtutor/types.h"
#include "teacher/teacher.h"
#include "wire/protocol.h"

namespace shadowtutor::server {

/// What all conversations of a server share. The teacher is used by jobs of `teaching` only.
struct Resources {
  SessionOptions session;
  std::shared_ptr<teacher::Teacher> teacher;
  std::chrono::milliseconds hello_timeout = rpc::kHelloTimeout;
  std::chrono::milliseconds idle_timeout = rpc::kIdleTimeout;
  std::chrono::milliseconds teacher_timeout = rpc::kTeacherTimeout;
  TeacherWatch teacher_watch;
  std::function<void(const std::string& line)> log;  // may be empty; called from any thread
  StatsBoard stats;
  std::unique_ptr<Scheduler> teaching;
  std::unique_ptr<Scheduler> training;

  void Log(const std::string& line) const {
    if (log) log(line);
  }

  /// Whose frame the teacher is past its deadline with; nobody's while it is not.
  std::optional<uint64_t> TeacherOverdue(TeacherWatch::Clock::time_point now) const {
    return teacher_watch.Overdue(now, teacher_timeout);
  }
  /// What whoever waits for the teacher is told then.
  Error TeacherIsStuck(bool with_this_frame) const;
  /// Around each call of the teacher, by the job that makes it.
  void TeacherBegins(uint64_t owner) { teacher_watch.Begin(owner); }
  void TeacherReturned();
};

using Peer = PeerOf<wire::ServerMessage>;

/// Lives in a std::shared_ptr, which its jobs share.
///
/// Thread safety: all functions may be called from any thread; messages of one client come one
/// after the other.
class Conversation : public std::enable_shared_from_this<Conversation> {
 public:
  using Clock = std::chrono::steady_clock;

  /// `number` tells this conversation's jobs from others'; `id` names it for people. `peer` may go
  /// away before the conversation does.
  Conversation(std::shared_ptr<Resources> resources, std::weak_ptr<Peer> peer, uint64_t number,
               std::string id, Clock::time_point now);
  ~Conversation();

  /// A message, or the reason why what came was none.
  void OnMessage(wire::ClientMessage message, Clock::time_point now);
  void OnBadMessage(const Error& error);
  /// Ends the conversation when its client has been silent for too long; answers its key frame
  /// without the teacher when that is past its deadline.
  void OnTick(Clock::time_point now);
  /// The stream is no more: frees the session as soon as no job works on it.
  void OnClosed();

 private:
  void OnHello(const wire::Hello& hello);
  void OnKeyFrame(wire::KeyFrame key_frame, Clock::time_point now);
  void OnStudentRequest(const wire::StudentRequest& request);
  void LabelJob(const wire::KeyFrame& key_frame, uint64_t ticket);
  bool StillWanted(uint64_t ticket);
  void AnswerWithoutTeacher(uint64_t owner, Clock::time_point now);
  void TrainJob(const LabelledFrame& labelled);
  void AnswerWithError(uint64_t frame_index, const Error& error);
  void Finish(std::optional<wire::ServerMessage> answer, Clock::time_point now);
  void FinishLocked(std::optional<wire::ServerMessage> answer, Clock::time_point now);
  void Send(wire::ServerMessage message);
  void End(const std::optional<Error>& why);
  void SendWhole();
  void DropSession();
  bool Closed() const;

  const std::shared_ptr<Resources> resources_;
  const std::weak_ptr<Peer> peer_;
  const uint64_t number_;
  const std::string id_;

  mutable std::mutex mutex_;
  std::unique_ptr<Session> session_;  // belongs to the job while busy_, to mutex_ otherwise
  bool busy_ = false;                 // a key frame is outstanding
  uint64_t tickets_ = 0;              // that were given to labelling jobs
  uint64_t labelling_ = 0;            // the ticket of the job that the key frame waits for; 0: none
  uint64_t labelled_frame_ = 0;       // that job's frame
  bool student_wanted_ = false;       // asked for while busy
  bool closed_ = false;               // nothing is sent any more
  Clock::time_point last_heard_;
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_CONVERSATION_H_
