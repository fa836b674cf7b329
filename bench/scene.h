// What every benchmark here computes on: a random student, frame, label and weight map. Neither has
// an influence on the time.
#ifndef SHADOWTUTOR_BENCH_SCENE_H_
#define SHADOWTUTOR_BENCH_SCENE_H_

#include <string>
#include <vector>

#include "distill/trainer.h"
#include "nn/network.h"
#include "nn/testing/random_data.h"
#include "shadowtutor/types.h"

namespace shadowtutor::bench {

struct Scene {
  explicit Scene(FrameSize size, int classes = 9) {
    nn::RandomData random(1);
    nn::NetworkSpec spec;
    spec.classes = classes;
    student = random.Student(spec);
    frame = random.Frame(size.width, size.height);
    label = random.Label(size.width, size.height, classes);
    pixel_weights = random.PixelWeights(size.width, size.height);
  }
  nn::Checkpoint student;
  Image frame;
  LabelMap label;
  std::vector<float> pixel_weights;
};

/// Weights that hardly move keep every step's arithmetic alike: at the usual rate a few hundred
/// steps on one frame drive the loss to where gradients are denormal numbers, which are slow on
/// some machines.
inline constexpr double kLearningRate = 1e-6;

/// A trainer of the stages from `cut` on that has predicted the scene's frame, ready for its first
/// distillation step.
distill::Trainer ReadyTrainer(const Scene& scene, nn::Stage cut,
                              double learning_rate = kLearningRate);
/// One step of it, Algorithm 1's.
inline distill::StepResult Step(distill::Trainer& trainer, const Scene& scene) {
  return trainer.Step(scene.label, scene.pixel_weights);
}

/// "1280x720"; throws Error kInvalidArgument for anything else.
FrameSize ParseSize(const std::string& text);
std::string ToString(FrameSize size);

}  // namespace shadowtutor::bench

#endif  // SHADOWTUTOR_BENCH_SCENE_H_
