// What a running server says of itself: GET /api/sessions of its web server (docs/serving.md).
#ifndef SHADOWTUTOR_WATCH_SERVER_STATE_H_
#define SHADOWTUTOR_WATCH_SERVER_STATE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "watch/http_get.h"

namespace shadowtutor::watch {

struct WatchedLoad {
  int threads = 0;
  uint64_t running = 0, queued = 0;
  double busy_10s = 0, busy_60s = 0, idle_10s = 0;  // shares, 0 to 1
};

struct WatchedSession {
  std::string id, client, device;
  bool segments = false;  // every frame is labelled by the server
  int width = 0, height = 0;
  double age_s = 0;
  uint64_t frames = 0;  // key frames, or those that were segmented
  uint64_t bytes_up = 0, bytes_down = 0;
  std::optional<double> metric;  // mIoU after the last training
  std::optional<int> stride;
  /// Of the last key frame, in milliseconds.
  std::optional<double> teacher_wait_ms, teacher_ms, training_wait_ms, training_ms;
};

struct ServerState {
  std::string version, teacher, policy;
  bool ready = false;
  double uptime_s = 0;
  uint64_t key_frames = 0, key_frames_failed = 0, refused = 0;
  uint64_t bytes_up = 0, bytes_down = 0;
  WatchedLoad teacher_load, trainer_load;
  std::vector<WatchedSession> sessions;
};

/// Reads the JSON. What a server of another release does not say stays at its default. Texts are
/// made safe for a terminal. Throws Error kFailedPrecondition for what no ShadowTutor server says.
///
/// Thread safety of both: any thread.
ServerState ParseServerState(const std::string& json);

/// Asks the server, and returns the JSON as it came, once it is certain to be a ShadowTutor
/// server's. Throws as HttpGet, and Error kUnauthenticated (a token is needed, or another one),
/// kFailedPrecondition (no ShadowTutor server, or it shows this to nobody from here),
/// kResourceExhausted (it wants no requests now).
std::string FetchServerState(const WebAddress& address, const HttpOptions& options);

}  // namespace shadowtutor::watch

#endif  // SHADOWTUTOR_WATCH_SERVER_STATE_H_
