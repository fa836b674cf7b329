// What Algorithm 1 is given and what it gives back.
#ifndef SHADOWTUTOR_DISTILL_TRAINING_TYPES_H_
#define SHADOWTUTOR_DISTILL_TRAINING_TYPES_H_

#include <vector>

#include "nn/kernels/adam.h"
#include "nn/network.h"
#include "shadowtutor/types.h"

namespace shadowtutor::distill {

struct TrainerOptions {
  double threshold = 0.8;
  int max_updates = 8;
  nn::Stage cut = nn::kPartialDistillation;
  nn::AdamOptions adam;
};

/// What the teacher says about a key frame.
struct TeacherAnswer {
  LabelMap label;              // in the student's classes, at the frame's size
  std::vector<Box> instances;  // empty with `has_instances` false: components of the label serve
  bool has_instances = false;
};

struct TrainResult {
  double metric = 0;          // mIoU after training (of the weights that are kept)
  double initial_metric = 0;  // before
  int steps = 0;              // distillation steps taken; 0 when the metric was over the threshold
  bool changed = false;       // whether the trained weights differ from those before
};

/// What one distillation step came to.
struct StepResult {
  double loss = 0;    // before it
  double metric = 0;  // mIoU after it
};

}  // namespace shadowtutor::distill

#endif  // SHADOWTUTOR_DISTILL_TRAINING_TYPES_H_
