// For tests of the engine: network specs, students with frames and labels, and training steps.
#ifndef SHADOWTUTOR_NN_TESTING_ENGINE_SCENE_H_
#define SHADOWTUTOR_NN_TESTING_ENGINE_SCENE_H_

#include <cstdint>
#include <span>
#include <stdexcept>
#include <vector>

#include "nn/learner.h"
#include "nn/network.h"
#include "nn/testing/random_data.h"
#include "nn/testing/reference.h"

namespace shadowtutor::nn {

inline const NetworkSpec kPublished;
inline const NetworkSpec kHalf = {.classes = 9,
                                  .in_conv1 = 4,
                                  .in_conv2 = 4,
                                  .enc1 = 32,
                                  .enc2 = 32,
                                  .enc3 = 64,
                                  .dec1 = 32,
                                  .dec2 = 16,
                                  .dec3 = 16,
                                  .out = 16};
inline const NetworkSpec kDouble = {.classes = 9,
                                    .in_conv1 = 16,
                                    .in_conv2 = 16,
                                    .enc1 = 128,
                                    .enc2 = 128,
                                    .enc3 = 256,
                                    .dec1 = 128,
                                    .dec2 = 64,
                                    .dec3 = 64,
                                    .out = 64};
/// Unusual channel counts. Some blocks keep their channels where the published network changes
/// them.
inline const NetworkSpec kUneven = {.classes = 5,
                                    .in_conv1 = 12,
                                    .in_conv2 = 16,
                                    .enc1 = 16,
                                    .enc2 = 48,
                                    .enc3 = 48,
                                    .dec1 = 80,
                                    .dec2 = 32,
                                    .dec3 = 48,
                                    .out = 32};

inline NetworkSpec WithClasses(NetworkSpec spec, int classes) {
  spec.classes = classes;
  return spec;
}

inline NetworkSpec WithDepth(NetworkSpec spec, int depth) {
  spec.depth = depth;
  return spec;
}

/// The smallest distance from 0 of ReLU inputs in drawn scenes. An input nearer to 0 can get the
/// other sign in fp32, which changes a gradient by a pixel's whole contribution.
inline constexpr double kKink = 1e-5;

/// A student, a frame, a label and pixel weights.
struct Scene {
  Checkpoint student;
  Image frame;
  LabelMap label;
  std::vector<float> weights;
};

/// A random scene in which the inputs of the trained ReLUs are not near 0 (kKink).
inline Scene DrawScene(const NetworkSpec& spec, int width, int height, Stage cut, uint64_t seed) {
  RandomData random(seed);
  Scene scene;
  for (int attempt = 0; attempt < 200; ++attempt) {
    scene.student = random.Student(spec);
    scene.frame = random.Frame(width, height);
    reference::Network<double> network(scene.student);
    network.Forward(scene.frame);
    if (network.KinkDistance(cut) < kKink) continue;
    scene.label = random.Label(width, height, spec.classes);
    scene.weights = random.PixelWeights(width, height);
    return scene;
  }
  throw std::logic_error("no scene without a kink was found");
}

inline Learner MakeLearner(const Scene& scene, Stage cut,
                           Arithmetic arithmetic = Arithmetic::kReference) {
  return Learner(scene.student.layout, scene.student.weights, cut, {}, {}, ParameterKinds::kAll,
                 arithmetic);
}

inline std::vector<float> Copy(std::span<const float> values) {
  return {values.begin(), values.end()};
}

/// Takes one distillation step and returns its gradient.
inline std::vector<float> Step(Learner& learner, const Scene& scene) {
  learner.Predict();
  learner.LossAndGradient(scene.label, scene.weights);
  auto gradient = Copy(learner.gradient());
  learner.AdamStep();
  return gradient;
}

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_TESTING_ENGINE_SCENE_H_
