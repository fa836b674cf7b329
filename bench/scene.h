// What every benchmark computes on: a random student, frame, label and weight map. Their values do
// not influence the time.
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

/// A rate so small that the weights hardly change and every step does the same arithmetic. At the
/// usual rate a few hundred steps on one frame make the loss so small that gradients become
/// denormal numbers, which are slow on some machines.
inline constexpr double kLearningRate = 1e-6;

/// A trainer of the stages from `cut` on that has predicted the scene's frame, ready for its first
/// distillation step.
distill::Trainer ReadyTrainer(const Scene& scene, nn::Stage cut,
                              double learning_rate = kLearningRate);
distill::Trainer ReadyTrainer(const Scene& scene, const distill::TrainerOptions& options);
/// One distillation step of Algorithm 1.
inline distill::StepResult Step(distill::Trainer& trainer, const Scene& scene) {
  return trainer.Step(scene.label, scene.pixel_weights);
}

/// "1280x720"; throws Error kInvalidArgument for anything else.
FrameSize ParseSize(const std::string& text);
std::string ToString(FrameSize size);

}  // namespace shadowtutor::bench

#endif  // SHADOWTUTOR_BENCH_SCENE_H_
