// What a run of pre-training leaves behind to go on from, as one safetensors file.
#ifndef SHADOWTUTOR_PRETRAIN_RUN_STATE_H_
#define SHADOWTUTOR_PRETRAIN_RUN_STATE_H_

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "nn/learner.h"

namespace shadowtutor::pretrain {

struct RunState {
  int64_t steps = 0;         // taken
  nn::LearnerState learner;  // weights and Adam's moments after them
  std::vector<float> best;   // weights of the best validation; empty: none was made
  double best_metric = -1;
  int64_t best_step = 0;
  /// What the run was told: it goes on only with the same. Keys name options.
  std::map<std::string, std::string> configuration;
};

/// Whole or not at all. Throws Error kUnavailable.
void SaveRunState(const RunState& state, const std::filesystem::path& file);
/// Throws Error: kNotFound, kDataLoss (damaged, or no such file's format).
RunState LoadRunState(const std::filesystem::path& file);

/// Throws Error kFailedPrecondition that names the first option that differs.
void CheckSameRun(const RunState& state, const std::map<std::string, std::string>& configuration);

}  // namespace shadowtutor::pretrain

#endif  // SHADOWTUTOR_PRETRAIN_RUN_STATE_H_
