// The saved state of a run of pre-training, from which a later run can continue. One safetensors
// file.
#ifndef SHADOWTUTOR_PRETRAIN_RUN_STATE_H_
#define SHADOWTUTOR_PRETRAIN_RUN_STATE_H_

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "nn/learner.h"

namespace shadowtutor::pretrain {

struct RunState {
  int64_t steps = 0;         // number of steps taken
  nn::LearnerState learner;  // weights and Adam's moments after these steps
  std::vector<float> best;   // weights with the best validation; empty: there was none yet
  double best_metric = -1;
  int64_t best_step = 0;
  /// The options of the run, as texts by their names. A run continues only with the same options.
  std::map<std::string, std::string> configuration;
};

/// The content of the file: one safetensors file.
std::vector<uint8_t> RunStateBytes(const RunState& state);
/// `name` stands for the bytes in the sentences of errors. Throws Error kDataLoss.
RunState ParseRunState(std::span<const uint8_t> bytes, const std::filesystem::path& name);

/// Writes the file so that it is complete or unchanged (core/atomic_file.h). Throws Error
/// kUnavailable.
void SaveRunState(const RunState& state, const std::filesystem::path& file);
/// Throws Error: kNotFound, kDataLoss (the file is damaged or of another kind).
RunState LoadRunState(const std::filesystem::path& file);

/// Throws Error kFailedPrecondition, which names the first option that differs, unless the options
/// are the same.
void CheckSameRun(const RunState& state, const std::map<std::string, std::string>& configuration);

}  // namespace shadowtutor::pretrain

#endif  // SHADOWTUTOR_PRETRAIN_RUN_STATE_H_
