// What a run of pre-training is to do.
#ifndef SHADOWTUTOR_PRETRAIN_PRETRAIN_OPTIONS_H_
#define SHADOWTUTOR_PRETRAIN_PRETRAIN_OPTIONS_H_

#include <cstdint>
#include <filesystem>
#include <vector>

#include "nn/checkpoint_io.h"
#include "pretrain/data_spec.h"
#include "shadowtutor/types.h"

namespace shadowtutor::pretrain {

struct PretrainOptions {
  DataSpec data;
  std::filesystem::path student;  // the student to start from; empty: a fresh one
  double student_width = 1;       // of a fresh student (nn::ScaledSpec)
  int student_depth = 1;          // of a fresh student (nn::ScaledSpec)
  std::filesystem::path out;      // the .safetensors file to write; the run's state is OUT.state
  nn::WeightType weight_type = nn::WeightType::kF32;
  std::filesystem::path cache;  // folder for labels and frames; empty: OUT.cache

  int64_t steps = 10'000;
  int batch = 16;
  std::vector<FrameSize> crops = {{320, 240}};
  double learning_rate = 0.002;  // the highest of the schedule
  double jaccard_weight = 0;     // of the soft Jaccard loss beside the cross entropy, 0 to 1000
  double warm_up = 0.03;         // share of the steps in which the learning rate rises
  uint64_t seed = 1;
  int64_t checkpoint_every = 500;         // steps from one validation and saved state to the next
  bool keep_last = false;                 // write the last weights, not the best in validation
  bool resume = false;                    // continue from OUT.state if it exists
  size_t memory_bytes = size_t{1} << 30;  // for decoded pictures
  int loader_threads = 2;
};

}  // namespace shadowtutor::pretrain

#endif  // SHADOWTUTOR_PRETRAIN_PRETRAIN_OPTIONS_H_
