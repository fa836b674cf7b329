#include "scene.h"

#include <cstdio>

namespace shadowtutor::bench {

distill::Trainer ReadyTrainer(const Scene& scene, nn::Stage cut, double learning_rate) {
  distill::TrainerOptions options;
  options.cut = cut;
  options.adam.learning_rate = learning_rate;
  return ReadyTrainer(scene, options);
}

distill::Trainer ReadyTrainer(const Scene& scene, const distill::TrainerOptions& options) {
  distill::Trainer trainer(scene.student, options);
  trainer.learner().SetFrame(scene.frame);
  trainer.learner().Predict();
  return trainer;
}

FrameSize ParseSize(const std::string& text) {
  FrameSize size;
  char rest = 0;
  if (std::sscanf(text.c_str(), "%dx%d%c", &size.width, &size.height, &rest) != 2 ||
      size.width < 1 || size.height < 1 || size.width > kMaxFrameSide ||
      size.height > kMaxFrameSide) {
    throw Error(ErrorCode::kInvalidArgument,
                "a size is WIDTHxHEIGHT, such as 1280x720, not '" + text + "'");
  }
  return size;
}

std::string ToString(FrameSize size) {
  return std::to_string(size.width) + "x" + std::to_string(size.height);
}

}  // namespace shadowtutor::bench
