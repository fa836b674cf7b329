// The thread of a GrpcLink, and the state that it shares with the client's thread. link_thread.cc
// connects, sends and waits; link_messages.cc handles the server's messages; grpc_link.cc is the
// client's side of the shared state. Internal to rpc/client/.
#ifndef SHADOWTUTOR_RPC_CLIENT_LINK_THREAD_H_
#define SHADOWTUTOR_RPC_CLIENT_LINK_THREAD_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <variant>

#include "client/server_link.h"
#include "core/mutex.h"
#include "rpc/client/grpc_link_options.h"
#include "rpc/client/grpc_stream.h"
#include "rpc/client/held_weights.h"
#include "shadowtutor/types.h"
#include "wire/key_frame_encoder.h"
#include "wire/protocol.h"

namespace shadowtutor::rpc {

struct LinkThread {
  using Clock = std::chrono::steady_clock;
  using ServerLink = client::ServerLink;

  /// Starts the thread. Throws Error as GrpcLink does.
  explicit LinkThread(GrpcLinkOptions given);
  /// Ends the session and the thread.
  ~LinkThread();

  void Log(const std::string& line) const {
    if (options.log) options.log(line);
  }

  // All functions below run on this thread. They are called without the lock, except those that are
  // marked ST_REQUIRES.

  /// Connects, converses with the server, and connects again when the connection is lost.
  void Run();
  /// One connection from the hello to its end. Returns true when the link is to stop, false when it
  /// is to connect once more at once; throws Error when the connection is lost.
  bool Converse();
  wire::Hello MakeHello();
  /// Sets `encoder` to one for this codec. Throws Error kFailedPrecondition if there is none.
  void UseEncoder(wire::FrameCodec codec);
  /// The hello with what the client holds, by name if that may do.
  wire::Hello WithStudent(wire::Hello hello);
  /// Sends the next waiting message. Returns false when none waits.
  bool SendNext(TutorStream& stream);
  /// Waits until something happens or a deadline passes.
  void WaitForEvent();
  /// Throws Error kDeadlineExceeded when an answer is overdue.
  void CheckDeadlines(Clock::time_point now) const ST_REQUIRES(mutex);
  /// Forgets the state of the conversation, but not the weights that the client holds.
  void Disconnected() ST_REQUIRES(mutex);
  Error Explain(const Error& error);

  /// A key frame before it is encoded.
  struct WaitingKeyFrame {
    Image frame;
    wire::KeyFrame message;  // all but its data
    distill::KeyFramePictures pictures;
    bool restart = false;  // it must not be predicted from the ones before it
  };
  using Waiting = std::variant<std::monostate, wire::StudentRequest, WaitingKeyFrame>;
  Waiting TakeWaiting();
  void SendKeyFrame(TutorStream& stream, WaitingKeyFrame key_frame);
  /// Gives up the outstanding key frame: no update will come for it.
  void NoAnswer() ST_REQUIRES(mutex);
  /// Whether the client shall get this update.
  bool Wanted(const wire::Update& update) const ST_REQUIRES(mutex);

  void Handle(wire::ServerMessage message, size_t bytes);
  void Handle(wire::Welcome message, size_t bytes);
  void Handle(wire::Update message, size_t bytes);
  void Handle(const wire::WholeStudent& message, size_t bytes);
  void Handle(const wire::ErrorMessage& error);
  /// The server does not know the student that the hello named.
  void HandOver();

  const GrpcLinkOptions options;
  std::unique_ptr<wire::KeyFrameEncoder> encoder;  // this thread's; null before the first hello

  // Also this thread's: how the client's student is made known to the server.
  size_t handed_over = 0;      // bytes of the weights in this conversation's hello
  bool may_name = true;        // false once a server did not know it by its name
  bool named = false;          // by this conversation's hello, which has not been answered
  bool hand_over = false;      // the hello is to be sent once more, with the weights
  bool connect_again = false;  // this conversation ends, and another one begins at once

  mutable Mutex mutex;
  CondVar wake_link;
  CondVar wake_client;
  bool stop ST_GUARDED_BY(mutex) = false;
  bool event ST_GUARDED_BY(mutex) = false;  // the stream or the client has something new
  std::optional<Error> failed ST_GUARDED_BY(mutex);

  // The current conversation. All but the last welcome is reset when the connection is lost.
  bool online ST_GUARDED_BY(mutex) = false;
  std::optional<wire::Welcome> welcome ST_GUARDED_BY(mutex);
  std::optional<Error> farewell ST_GUARDED_BY(mutex);  // the server's fatal error
  enum class Answer { kNone, kPending, kArrived };
  Answer answer ST_GUARDED_BY(mutex) = Answer::kNone;
  uint64_t key_frame_index ST_GUARDED_BY(mutex) = 0;
  // Whether the server may not have decoded the last key frame.
  bool decoder_behind ST_GUARDED_BY(mutex) = true;
  std::optional<Image> key_frame ST_GUARDED_BY(mutex);  // waits to be sent
  // What waits for the client, as it came: the answer, if it has arrived, and later parts of
  // answers.
  std::deque<wire::Update> updates ST_GUARDED_BY(mutex);
  std::optional<std::string> request
      ST_GUARDED_BY(mutex);  // a request for the whole student, waits to be sent; holds its reason
  Clock::time_point answer_deadline ST_GUARDED_BY(mutex) = Clock::time_point::max();
  Clock::time_point student_deadline ST_GUARDED_BY(mutex) = Clock::time_point::max();
  Clock::time_point hello_deadline ST_GUARDED_BY(mutex) = Clock::time_point::max();
  std::optional<ServerLink::WholeStudent> whole ST_GUARDED_BY(mutex);
  std::optional<ServerLink::Session> session ST_GUARDED_BY(mutex);

  ServerLink::Arrived arrived ST_GUARDED_BY(mutex);
  HeldWeights held ST_GUARDED_BY(mutex);
  GrpcLinkStats stats ST_GUARDED_BY(mutex);
  std::thread thread;
};

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_CLIENT_LINK_THREAD_H_
