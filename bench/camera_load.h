// A server with as many cameras as it can bear: its conversations, sessions and schedulers in this
// process, with clients that send their next key frame as soon as the last one is answered.
#ifndef SHADOWTUTOR_BENCH_CAMERA_LOAD_H_
#define SHADOWTUTOR_BENCH_CAMERA_LOAD_H_

#include <cstdint>
#include <vector>

#include "distill/policy.h"
#include "nn/network.h"
#include "shadowtutor/types.h"

namespace shadowtutor::bench {

/// A fresh student of the published shape for CameraClasses().
nn::Checkpoint CameraStudent();

/// The key frames of a camera as H.264, as the policy wants them; the first one begins a stream.
std::vector<std::vector<uint8_t>> CameraStream(FrameSize size, uint64_t camera,
                                               const distill::Policy& policy);

struct LoadOptions {
  FrameSize size{1280, 720};
  distill::Policy policy;
  int sessions = 4;
  int trainers = 0;  // as server::BackendOptions
  /// Whether clients take answers in parts. Under this load the parts after the first are never
  /// trained, so that key frames cost less and teach less.
  bool parts = false;
  double warm_up = 3;  // seconds, but at least two key frames of each session
  double seconds = 10;
};

struct LoadResult {
  double seconds = 0;  // from the first answer that counts to the last
  uint64_t key_frames = 0, steps = 0;
  double cpu_seconds = 0;             // of the whole process meanwhile
  double others = 0;                  // OthersShare meanwhile
  double median_ms = 0, most_ms = 0;  // from a key frame's arrival to its answer
  double update_bytes = 0;            // of an update, on average
  double metric = 0;                  // mIoU after training, on average
  // Megabytes (2^20 bytes) of resident memory.
  double peak_mb = 0;      // of the process
  double session_mb = 0;   // of a session between its key frames
  double training_mb = 0;  // what training takes beyond that, whatever the number of sessions

  double key_frames_per_second() const {
    return seconds > 0 ? static_cast<double>(key_frames) / seconds : 0;
  }
};

/// Throws Error for what the server refuses, and kInternal when a key frame is not answered.
LoadResult Load(const LoadOptions& options);

}  // namespace shadowtutor::bench

#endif  // SHADOWTUTOR_BENCH_CAMERA_LOAD_H_
