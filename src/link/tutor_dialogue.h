// The client's side of a conversation with a server (docs/protocol.md, "One stream per client"):
// what has been said, what is outstanding and until when, what may be said next. It has no
// transport, no thread, no clock and no lock. rpc/client/ puts gRPC and a thread around it, page/ a
// WebSocket that others own.
#ifndef SHADOWTUTOR_LINK_TUTOR_DIALOGUE_H_
#define SHADOWTUTOR_LINK_TUTOR_DIALOGUE_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "client/server_link.h"
#include "distill/key_frame_pictures.h"
#include "link/held_weights.h"
#include "link/link_stats.h"
#include "nn/network.h"
#include "shadowtutor/types.h"
#include "wire/limits.h"
#include "wire/protocol.h"

namespace shadowtutor::link {

struct DialogueOptions {
  /// Of the server, for sentences; empty: they only call it "the server".
  std::string address;
  /// Time until the Welcome: the first for connecting, the second for the answer.
  std::chrono::milliseconds connect_timeout = wire::kConnectTimeout;
  std::chrono::milliseconds hello_timeout = wire::kHelloTimeout;
  /// Time until the answer to a key frame or to a request for the student.
  std::chrono::milliseconds update_timeout = wire::kUpdateTimeout;
};

/// A message that fits the conversation, and what the slow part of its handling needs.
struct Work {
  wire::ServerMessage message;  // a Welcome, an Update or a WholeStudent
  size_t bytes = 0;
  nn::Stage cut = nn::kPartialDistillation;  // where the updates of a student that came begin
  client::ServerLink::Arrived arrived;       // prepares an update; may be empty
  client::ServerLink::WholeStudent whole;    // that came; without a student if none did

  /// The slow part, which needs nothing of the dialogue: parses a student, prepares an update.
  /// Throws as ParseStudent.
  void Do();
};
/// What came of a message.
struct Received {
  /// To be done and handed to TutorDialogue::Complete; absent: the message is handled.
  std::optional<Work> work;
  std::string line;  // for a log; may be empty
};

/// A connection is one conversation: Begin, messages in both directions, End. What the client holds
/// and the totals outlive it, so that the next one goes on from there.
///
/// Every function but Work::Do is quick, so that an owner with several threads can call it under
/// its mutex. The exceptions copy the trained weights: TakeMessage, when it makes a Hello, and
/// Holding.
///
/// Thread safety: one thread at a time.
class TutorDialogue {
 public:
  using Clock = std::chrono::steady_clock;
  using ServerLink = client::ServerLink;

  /// `student` is what the client starts with, in this version; null: the server's student.
  TutorDialogue(DialogueOptions options, std::shared_ptr<const nn::Checkpoint> student,
                uint64_t version);

  // ---- A connection's beginning and end

  /// A connection is being made. `hello` is what the client says of itself; the dialogue adds the
  /// student that it holds.
  void Begin(wire::Hello hello, Clock::time_point now);
  /// The connection is lost. `refusal`: why, if every further attempt will end so; it counts only
  /// if the server has not welcomed the client. Also before the first Begin.
  void End(std::optional<Error> refusal);
  /// Whether the connection is to be closed without an error and another one made at once.
  bool connect_again() const { return connect_again_; }
  /// The server's fatal error, after which it says nothing more.
  const std::optional<Error>& farewell() const { return farewell_; }
  /// Whether this is no error: the server, which had welcomed the client, asks it to connect again
  /// at once, because it wants to end or the session is old. Behind a balancer the client will
  /// reach another server.
  bool moves() const { return moves_; }

  // ---- What is to be said

  /// The next message to send, but for key frames: a Hello or a StudentRequest.
  std::optional<wire::ClientMessage> TakeMessage();

  struct KeyFrameHead {
    wire::KeyFrame message;              // all but its data and its size
    distill::KeyFramePictures pictures;  // what the server wants
    bool restart = false;                // it must not be predicted from the ones before it
  };
  /// What goes with the key frame of the last SendsKeyFrame, which is about to be encoded. There
  /// must be a session.
  KeyFrameHead TakeKeyFrame();
  /// A key frame was sent. `bytes`: of the serialized message.
  void KeyFrameSent(size_t bytes, double encode_ms);
  /// Gives up the outstanding key frame: no update will come for it.
  void NoAnswer();

  // ---- What was said to us

  /// Handles the next message of the server. `bytes`: of the serialized message. Throws Error, and
  /// the connection is then to be closed, when the message is out of order or does not fit.
  Received Receive(wire::ServerMessage message, size_t bytes, Clock::time_point now);
  /// Ends the handling of a message after Work::Do. Returns a line for a log, which may be empty.
  /// Throws as Receive.
  std::string Complete(Work work);

  /// Throws Error kDeadlineExceeded when an answer is overdue.
  void CheckDeadlines(Clock::time_point now) const;
  /// When CheckDeadlines throws if nothing comes; Clock::time_point::max() when nothing is
  /// outstanding.
  Clock::time_point NextDeadline() const;

  // ---- The client's functions, as those of client::ServerLink with the same names

  /// Whether a server has welcomed the client.
  bool Connected() const { return online_; }
  /// Whether a key frame may be sent now. If so, its answer is outstanding from now on.
  bool SendsKeyFrame(uint64_t frame_index, Clock::time_point now);
  void OnArrival(ServerLink::Arrived arrived) { arrived_ = std::move(arrived); }
  std::optional<wire::Update> PollUpdate();
  bool HasUpdate() const { return !updates_.empty(); }
  bool AnswerPending() const { return answer_ != Answer::kNone; }
  /// Whether the answer has not even arrived.
  bool AwaitsAnswer() const { return answer_ == Answer::kPending; }
  std::optional<ServerLink::WholeStudent> TakeStudent();
  void RequestStudent(const std::string& why, Clock::time_point now);
  void Holding(std::span<const float> trained, uint64_t version) { held_.Grow(trained, version); }
  std::optional<ServerLink::Session> TakeSession();

  /// The last welcome, without its student; absent before the first one.
  const std::optional<wire::Welcome>& welcome() const { return welcome_; }
  LinkStats stats() const;

 private:
  std::string Server() const;
  wire::Hello WithStudent(wire::Hello hello);
  std::string HandOver(Clock::time_point now);
  Received Receive(wire::Welcome message, size_t bytes);
  Received Receive(wire::Update message, size_t bytes);
  std::string Receive(const wire::ErrorMessage& error);
  /// Whether the client shall get this update.
  bool Wanted(const wire::Update& update) const;
  std::string Complete(wire::Welcome message, Work work);
  void Complete(wire::Update message);

  const DialogueOptions options_;
  HeldWeights held_;
  LinkStats stats_;
  ServerLink::Arrived arrived_;

  // How the client's student is made known to the server.
  bool may_name_ = true;    // false once a server did not know it by its name
  bool named_ = false;      // by this connection's hello, which has not been answered
  size_t handed_over_ = 0;  // bytes of the weights in this connection's hello
  wire::Hello hello_;       // without the student
  bool hello_waits_ = false;
  bool connect_again_ = false;

  // The current conversation. All but the last welcome is reset when the connection is lost.
  bool online_ = false;
  std::optional<wire::Welcome> welcome_;
  std::optional<Error> farewell_;
  bool moves_ = false;
  enum class Answer { kNone, kPending, kArrived };
  Answer answer_ = Answer::kNone;
  uint64_t key_frame_index_ = 0;
  bool decoder_behind_ = true;  // whether the server may not have decoded the last key frame
  /// What waits for the client, as it came: the answer, if it has arrived, and later parts of
  /// answers.
  std::deque<wire::Update> updates_;
  std::optional<std::string> request_;  // for the whole student, waits to be sent; holds its reason
  Clock::time_point answer_deadline_ = Clock::time_point::max();
  Clock::time_point student_deadline_ = Clock::time_point::max();
  Clock::time_point hello_deadline_ = Clock::time_point::max();
  std::optional<ServerLink::WholeStudent> whole_;
  std::optional<ServerLink::Session> session_;
};

}  // namespace shadowtutor::link

#endif  // SHADOWTUTOR_LINK_TUTOR_DIALOGUE_H_
