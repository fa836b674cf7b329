// What a server has done so far, for status lines, metrics and tests.
#ifndef SHADOWTUTOR_SERVER_STATS_H_
#define SHADOWTUTOR_SERVER_STATS_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/mutex.h"
#include "server/key_frame_figures.h"
#include "server/scheduler.h"
#include "shadowtutor/types.h"
#include "wire/messages.h"

namespace shadowtutor::server {

struct SessionStats {
  std::string id;
  std::string client;  // its address without a port; empty: unknown, or this machine
  std::string client_version;
  std::string device = {};  // as the server's list of tokens calls it; empty: there is no list
  FrameSize frame_size;
  bool adopted = false;  // begins with weights that the client handed over or named
  uint64_t version = 0;  // of the student
  uint64_t key_frames = 0;
  uint64_t distillation_steps = 0;
  double last_metric = -1;  // -1 before the first
  bool segments = false;    // has every frame labelled, and no student
  uint64_t frames_segmented = 0;
  double opened_s = 0;    // since the server's start
  uint64_t bytes_up = 0;  // of frames and weights, without the rest of the messages
  uint64_t bytes_down = 0;
};

/// Why a client got no session.
enum class RefusalReason {
  kServerFull,
  kAddressFull,
  kConnectionFull,
  kDeviceFull,
  kTooOften,
  kUnauthenticated,
  kEnding,
  kOverloaded
};
inline constexpr size_t kRefusalReasons = 8;
/// "server_full", "address_full", "connection_full", "device_full", "too_often", "unauthenticated",
/// "ending", "overloaded".
const char* NameOf(RefusalReason reason);

/// A copy taken at one moment.
struct ServerStats {
  double uptime_s = 0;
  uint64_t sessions_opened = 0;
  uint64_t sessions_refused = 0;
  std::array<uint64_t, kRefusalReasons> refused_by_reason{};  // of these, by RefusalReason
  std::map<ErrorCode, uint64_t> sessions_failed;              // ended with an error by the server
  uint64_t sessions_moved = 0;                                // were asked to connect again
  uint64_t key_frames = 0;                                    // answered with an update
  uint64_t key_frames_failed = 0;                             // answered with an error
  std::map<ErrorCode, uint64_t> key_frames_failed_by_code;    // of these
  uint64_t key_frames_trained = 0;  // of key_frames, those that changed the student
  uint64_t updates_with_weights = 0;
  uint64_t distillation_steps = 0;
  uint64_t frames_segmented = 0;  // for clients that send every frame
  uint64_t students_sent = 0;     // whole ones, at the start or on request
  uint64_t bytes_up = 0;          // of frames and weights, without the rest of the messages
  uint64_t bytes_down = 0;
  double last_teacher_ms = 0;
  double last_train_ms = 0;  // of a key frame's answer, without later parts
  double last_metric = -1;
  std::vector<SessionStats> sessions;  // those open now
  KeyFrameFigures figures;             // since the start
  // Set by Backend::stats, as what follows.
  Scheduler::Load teacher, trainer;
  int max_sessions = 0;
  bool teacher_overdue = false;  // its current call takes longer than it may
  /// What sessions are asked to put up with (admission.h): the least stride in force, and the share
  /// of the policy's steps.
  int least_stride = 0;
  double step_share = 1;
};

/// Thread safety: all functions may be called from any thread.
class StatsBoard {
 public:
  StatsBoard() : start_(std::chrono::steady_clock::now()) {}

  /// `opened_s` is set here.
  void SessionOpened(const SessionStats& session);
  void SessionEnded(const std::string& id);
  void SessionRefused(RefusalReason reason);
  void SessionFailed(ErrorCode code);
  void SessionMoved();
  /// `encoding_ms`: what the update's encoding took.
  void KeyFrameAnswered(const std::string& id, const wire::Update& update,
                        const KeyFrameWaits& waits, double encoding_ms);
  /// A later part of an answer.
  void PartSent(const std::string& id, const wire::Update& update, double encoding_ms);
  void KeyFrameFailed(ErrorCode code);
  void FrameSegmented(const std::string& id, double teacher_ms);
  void StudentSent();
  void Received(const std::string& id, size_t bytes);
  void Sent(const std::string& id, size_t bytes);

  ServerStats Snapshot() const;

 private:
  /// Seconds since the start.
  double Uptime() const;
  void Trained(const std::string& id, const wire::Update& update) ST_REQUIRES(mutex_);

  const std::chrono::steady_clock::time_point start_;
  mutable Mutex mutex_;
  ServerStats totals_ ST_GUARDED_BY(mutex_);  // without its list of sessions
  std::map<std::string, SessionStats> sessions_ ST_GUARDED_BY(mutex_);
};

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_STATS_H_
