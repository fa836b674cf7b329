// The thread of a GrpcLink, and the state that it shares with the client's thread: above all the
// conversation with the server. grpc_link.cc is the client's side of the shared state. Internal to
// rpc/client/.
#ifndef SHADOWTUTOR_RPC_CLIENT_LINK_THREAD_H_
#define SHADOWTUTOR_RPC_CLIENT_LINK_THREAD_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <variant>

#include "core/mutex.h"
#include "link/tutor_dialogue.h"
#include "rpc/client/grpc_link_options.h"
#include "rpc/client/grpc_stream.h"
#include "shadowtutor/types.h"
#include "wire/key_frame_encoder.h"
#include "wire/protocol.h"

namespace shadowtutor::rpc {

struct LinkThread {
  using Clock = std::chrono::steady_clock;

  /// Starts the thread. Throws Error as GrpcLink does.
  explicit LinkThread(GrpcLinkOptions given);
  /// Ends the session and the thread.
  ~LinkThread();

  void Log(const std::string& line) const {
    if (options.log) options.log(line);
  }

  // All functions below run on this thread, and are called without the lock.

  /// Connects, converses with the server, and connects again when the connection is lost.
  void Run();
  /// One connection from the hello to its end. Returns true when the link is to stop, false when it
  /// is to connect once more at once; throws Error when the connection is lost.
  bool Converse();
  /// Begins the conversation with a hello for an encoder that there is.
  void Begin();
  /// Sets `encoder` to one for this codec. Throws Error kFailedPrecondition if there is none.
  void UseEncoder(wire::FrameCodec codec);
  /// The same for the codec that the server chose among those that it was offered.
  void UseOffered(wire::FrameCodec codec);
  /// Sends the next waiting message. Returns false when none waits.
  bool SendNext(TutorStream& stream);
  /// Waits until something happens or a deadline passes.
  void WaitForEvent();
  Error Explain(const Error& error);

  /// A key frame before it is encoded.
  struct WaitingKeyFrame {
    Image frame;
    link::TutorDialogue::KeyFrameHead head;
  };
  using Waiting = std::variant<std::monostate, wire::ClientMessage, WaitingKeyFrame>;
  Waiting TakeWaiting();
  void SendKeyFrame(TutorStream& stream, WaitingKeyFrame key_frame);
  void Handle(wire::ServerMessage message, size_t bytes);

  const GrpcLinkOptions options;
  std::unique_ptr<wire::KeyFrameEncoder> encoder;  // this thread's; null before the first hello

  mutable Mutex mutex;
  CondVar wake_link;
  CondVar wake_client;
  bool stop ST_GUARDED_BY(mutex) = false;
  bool event ST_GUARDED_BY(mutex) = false;  // the stream or the client has something new
  std::optional<Error> failed ST_GUARDED_BY(mutex);

  link::TutorDialogue dialogue ST_GUARDED_BY(mutex);
  std::optional<Image> key_frame ST_GUARDED_BY(mutex);  // waits to be sent
  std::thread thread;
};

}  // namespace shadowtutor::rpc

#endif  // SHADOWTUTOR_RPC_CLIENT_LINK_THREAD_H_
