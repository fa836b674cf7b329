// Adam (Kingma and Ba, 2015), as PyTorch steps it.
#ifndef SHADOWTUTOR_NN_KERNELS_ADAM_H_
#define SHADOWTUTOR_NN_KERNELS_ADAM_H_

#include <cstdint>
#include <span>

namespace shadowtutor::nn {

struct AdamOptions {
  double learning_rate = 0.01;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
};

/// Step number `step` (1 for the first) of `weights` along `gradient`; all four have one size.
void AdamUpdate(const AdamOptions& options, int64_t step, std::span<const float> gradient,
                std::span<float> weights, std::span<float> moment1, std::span<float> moment2);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_ADAM_H_
