// The client: Algorithm 3 on the device. It predicts every frame at once, sends a few of them to
// its tutor, and takes over what the tutor trained. Components: client (Connect), device (the
// rest).
//
//   shadowtutor::ConnectOptions options;
//   options.tls = true;
//   auto client = shadowtutor::Client::Connect("tutor.example.org:7200", options);
//   shadowtutor::LabelMap labels;
//   while (camera.Read(frame)) {
//     client.Process(frame, labels);  // never waits for the network
//     Show(frame, labels);
//   }
#ifndef SHADOWTUTOR_CLIENT_H_
#define SHADOWTUTOR_CLIENT_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <version>
#ifdef __cpp_lib_jthread
#include <stop_token>
#endif

#include "shadowtutor/link.h"
#include "shadowtutor/student.h"
#include "shadowtutor/types.h"

namespace shadowtutor {

struct ClientOptions {
  /// The paper's rule for files: a frame waits for an update that is overdue (min-stride frames
  /// after its key frame), at most 60 s. Without it no frame ever waits.
  bool wait = false;
  /// At most so many key frames a second, whatever the server wants; 0: no such bound.
  double key_frames_per_second = 0;
};

/// How to reach a server, for Client::Connect.
struct ConnectOptions : ClientOptions {
  /// What the client begins with. Absent: the server's student, which it sends.
  std::optional<Student> student;

  bool tls = false;         // TLS with the system's authorities; a file below means TLS, too
  std::string authority;    // PEM file: the authority that signed the server's certificate
  std::string certificate;  // PEM files: our own, where the server asks for it
  std::string key;
  /// A file whose only line is the token by which the server knows this device; empty: none.
  std::string token_file;
  /// Allows plain text to other machines. Without it and without TLS, only this machine's servers
  /// are connected to.
  bool insecure = false;

  /// How long to wait for the server's welcome and its student.
  std::chrono::milliseconds timeout{15'000};
  /// Whether to keep trying within that time when nobody answers.
  bool retry = false;
  /// Ends the waiting from another thread: Connect then throws Error kCancelled within about 0.2 s.
  /// The default never does.
#ifdef __cpp_lib_jthread  // not all C++ libraries of devices and browsers have it
  std::stop_token stop;
#endif
  /// Makes the encoder of key frames. Called more than once, on Connect's thread and on one of the
  /// library's; an encoder lasts for several sessions. Empty: JPEG.
  std::function<std::unique_ptr<KeyFrameEncoder>()> encoder;
  /// For the server's log, and to refuse frames that are too large for it at once; 0x0: unknown.
  FrameSize frame_size;

  /// Called with a line of text for every change of the connection, on a thread of the library's.
  std::function<void(const std::string& line)> log;
};

/// What happened at one frame.
struct FrameReport {
  uint64_t index = 0;           // 0 for the first frame
  bool key_frame = false;       // whether this frame was sent
  bool update_applied = false;  // whether new weights were put to use before this frame
  int stride = 0;               // frames from one key frame to the next, at present
  double metric = -1;           // mIoU (0..1) on the last key frame after training; -1: none yet
  double predict_ms = 0;
  double waited_ms = 0;  // for an overdue update; 0 without ClientOptions::wait
};

/// What a client that Connect made has exchanged with servers so far.
struct LinkStats {
  bool connected = false;
  uint64_t sessions = 0;  // connections that a server welcomed
  uint64_t key_frames = 0;
  uint64_t updates = 0;
  uint64_t bytes_up = 0;    // of key frames
  uint64_t bytes_down = 0;  // of updates
  /// Why the last attempt to connect again failed, where the next one will fail as well unless
  /// somebody changes a setting: the server refuses this client, or this client its certificate.
  /// Absent otherwise, and while there is a session. The client keeps trying.
  std::optional<Error> refusal;
};

/// When the connection is lost, the client goes on with the weights that it has, connects again
/// after growing pauses, and hands its student over to whichever server it reaches.
///
/// Thread safety: one thread at a time.
class Client {
 public:
  /// Connects to a server (HOST:PORT) and waits until there is a student. Throws Error:
  /// kInvalidArgument (options; plain text to another machine), kNotFound (a file),
  /// kUnavailable or kDeadlineExceeded (no server), kResourceExhausted (the server is full, or
  /// frame_size too large for it), kFailedPrecondition (the student's classes or its shape
  /// are not the server's), kUnauthenticated (the server does not know the token), kCancelled
  /// (ConnectOptions::stop). In libshadowtutor-client.
  static Client Connect(const std::string& server, const ConnectOptions& options = {});

  /// A client on a transport of your own. Without a student, it waits for the trainer's. Throws
  /// Error kInvalidArgument for options out of range.
  Client(std::optional<Student> student, std::unique_ptr<Link> link,
         const ClientOptions& options = {});
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;

  /// Segments one frame: writes the class of each pixel to `labels`, which gets the frame's size.
  /// Throws Error kInvalidArgument or kResourceExhausted for an empty or oversized frame,
  /// kFailedPrecondition while there is no student (HasStudent). Trouble with the network is no
  /// error.
  FrameReport Process(ImageView frame, LabelMap& labels);

  /// Whether there is a student to predict with. Looks for one that has arrived.
  bool HasStudent();
  /// The student as it is taught by now. Throws Error kFailedPrecondition when there is none.
  Student student() const;
  /// Of a client that Connect made; zeros for one on a transport of your own.
  LinkStats stats() const;

  struct Impl;
  /// For the library itself.
  explicit Client(std::unique_ptr<Impl> impl);

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace shadowtutor

#endif  // SHADOWTUTOR_CLIENT_H_
