// The student behind the element: predicts with the one from a file, or with one that a server
// teaches, and connects to that server in the background. Nothing here knows of GStreamer.
#ifndef SHADOWTUTOR_GSTREAMER_SEGMENTER_H_
#define SHADOWTUTOR_GSTREAMER_SEGMENTER_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "shadowtutor/client.h"
#include "shadowtutor/student.h"
#include "shadowtutor/types.h"

namespace shadowtutor::gst {

struct SegmenterOptions {
  std::string server;              // HOST:PORT; empty: the student alone, which nobody teaches
  std::optional<Student> student;  // absent: the server's first one
  /// How to reach the server. `student`, `retry`, `timeout`, `stop` and `log` are the segmenter's.
  ConnectOptions connect;
  /// Called with a line of text for every change of the connection, on any thread. May be empty.
  std::function<void(const std::string& line)> log;
};

/// What happened at one frame, and so far.
struct SegmenterStats {
  LinkStats link;
  int stride = 0;      // frames from one key frame to the next; 0 before the first session
  double metric = -1;  // mIoU (0..1) on the last key frame after training; -1: none yet
};

/// Thread safety: Process is called on one thread at a time; all others on any thread.
class Segmenter {
 public:
  /// Begins to connect, and returns at once. Throws Error kInvalidArgument when there is neither a
  /// server nor a student.
  explicit Segmenter(SegmenterOptions options);
  /// Ends the session; waits for nobody's answer.
  ~Segmenter();

  /// Writes the class of each pixel to `labels`. Returns false while there is no student. Never
  /// waits for the network. Throws Error for a frame that is too large, and, from then on, what
  /// went wrong with the server when trying again would not help.
  bool Process(ImageView frame, LabelMap& labels);
  /// What the last call of Process did: whether new weights were put to use.
  bool updated() const { return updated_; }
  /// The classes of the student that predicted last, and the index of the background (-1: none).
  const ClassList& classes() const { return classes_; }
  int background() const { return background_; }

  enum class Waited {
    kReady,     // Process can predict, or has an error to throw
    kAwakened,  // by Wake
    kTooLong,
  };
  Waited WaitForStudent(std::chrono::milliseconds timeout);
  /// Lets WaitForStudent return now, and always from now on until this is called with false.
  void Wake(bool awake);

  SegmenterStats stats() const;

 private:
  void Connect(const std::stop_token& stop);
  void TakeClient();
  void TakeClasses(const Student& student);
  void Log(const std::string& line) const {
    if (options_.log) options_.log(line);
  }

  const SegmenterOptions options_;

  // Of the thread that calls Process.
  std::optional<Predictor> predictor_;  // until there is a client
  std::optional<Client> client_;
  ClassList classes_;
  int background_ = -1;
  bool updated_ = false;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable_any changed_;
  std::optional<Client> connected_;  // on its way from the connecting thread to client_
  std::optional<Error> failure_;
  bool ready_ = false;  // a student, or a failure
  bool awake_ = false;
  SegmenterStats stats_;

  std::jthread thread_;  // connects; ends when it has
};

}  // namespace shadowtutor::gst

#endif  // SHADOWTUTOR_GSTREAMER_SEGMENTER_H_
