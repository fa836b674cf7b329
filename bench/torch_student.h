// The student network in libtorch, with which the engine is compared.
#ifndef SHADOWTUTOR_BENCH_TORCH_STUDENT_H_
#define SHADOWTUTOR_BENCH_TORCH_STUDENT_H_

#include <memory>
#include <span>
#include <string>

#include "nn/network.h"
#include "shadowtutor/types.h"

namespace shadowtutor::bench {

enum class TorchStyle {
  /// What the original authors' program does: NCHW, layers in the published order, out_conv3 on 32
  /// channels at full resolution; a step runs the whole forward pass again (without gradients for
  /// the frozen part), loss by log_softmax and gather, mIoU by one-hot tensors.
  kPublished,
  /// As fast as libtorch can be made: channels last, out_conv3 before the last upsampling, the
  /// frozen part computed once per key frame, operations in place where autograd allows it, mIoU
  /// from a histogram (our own). A full step is NCHW, because PyTorch 1.13 computes a wrong full
  /// backward pass with channels-last weights.
  kTuned,
};

/// Thread safety: one thread at a time.
class TorchStudent {
 public:
  /// Trains the stages from `cut` on; kNoStage: only predicts.
  TorchStudent(const nn::Checkpoint& student, TorchStyle style, nn::Stage cut,
               double learning_rate);
  ~TorchStudent();

  /// Predicts from BGR bytes to a label map.
  void Predict(ImageView frame, LabelMap& labels);

  /// Makes the tensors of a key frame and predicts it.
  void SetKeyFrame(ImageView frame, const LabelMap& label, std::span<const float> pixel_weights);
  /// One distillation step: loss of the last prediction, backward pass, Adam, next prediction and
  /// its mIoU.
  struct StepResult {
    double loss = 0, miou = 0;
  };
  StepResult Step();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

void SetTorchThreads(int threads);
/// libtorch's version, and the library that computes its convolutions.
std::string TorchDescription();

}  // namespace shadowtutor::bench

#endif  // SHADOWTUTOR_BENCH_TORCH_STUDENT_H_
