// What a live sweep is asked for.
#ifndef SHADOWTUTOR_EVAL_LIVE_SWEEP_REQUEST_H_
#define SHADOWTUTOR_EVAL_LIVE_SWEEP_REQUEST_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "distill/policy.h"
#include "distill/policy_parts.h"

namespace shadowtutor::eval::live {

struct SweepRequest {
  std::filesystem::path program = "/proc/self/exe";  // `shadowtutor`
  std::string version;
  std::string command;  // as typed, for results.json

  std::string source;
  std::string clip;  // its name
  std::string card;
  std::optional<std::string> student;  // absent: fresh weights
  uint64_t seed = 0;
  std::vector<std::string> strategies;  // of LiveStrategies() in sweep.h
  std::vector<double> bandwidths;       // Mbit/s
  uint64_t frames = 0;                  // 0: all
  uint64_t naive_frames = 0;            // at most so many with a naive strategy; 0: as `frames`
  double max_fps = 0;                   // of the student on the device; 0: as fast as it goes
  int reference_every = 10;             // frames that the mIoU is the mean of; 0: no mIoU

  distill::Policy paper;           // of the strategies partial and full, but for the cut
  distill::Policy policy;          // of shadow
  distill::PolicyChanges changes;  // what is changed in both, for the server
  /// How key frames and updates travel; empty: as the strategy has it.
  std::string frame_codec, update_codec;
  std::string label_codec = "coded";
  int jpeg_quality = 90;
  std::optional<int> h264_crf;  // of all frames; absent: as the policy wants, or naive 23
  bool tls = false;             // with a certificate made for the sweep; else plain text

  std::filesystem::path folder;  // results.json, live.csv, and live/ with logs and summaries
  bool fresh = false;            // runs that are in results.json are done again, too

  std::function<bool()> stop;                        // may be empty
  std::function<void(const std::string& line)> log;  // progress; may be empty
};

/// The policy that the server of a run gets.
inline const distill::Policy& PolicyOf(const SweepRequest& request, const std::string& strategy) {
  return strategy == "shadow" ? request.policy : request.paper;
}

}  // namespace shadowtutor::eval::live

#endif  // SHADOWTUTOR_EVAL_LIVE_SWEEP_REQUEST_H_
