#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "nn/kernels/adam.cc"
#include <hwy/foreach_target.h>
// After foreach_target.
#include <hwy/highway.h>

#include <cmath>

#include "nn/kernels/adam.h"

#ifndef SHADOWTUTOR_NN_KERNELS_ADAM_CC_ONCE
#define SHADOWTUTOR_NN_KERNELS_ADAM_CC_ONCE
namespace shadowtutor::nn {
struct AdamFactors {
  float beta1, one_minus_beta1, beta2, one_minus_beta2, step_size, root_correction, epsilon;
};
}  // namespace shadowtutor::nn
#endif  // SHADOWTUTOR_NN_KERNELS_ADAM_CC_ONCE

HWY_BEFORE_NAMESPACE();
namespace shadowtutor::nn::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// The Adam step for arrays of `size` floats that do not overlap.
void AdamLoop(const AdamFactors& f, size_t size, const float* HWY_RESTRICT g, float* HWY_RESTRICT w,
              float* HWY_RESTRICT m1, float* HWY_RESTRICT m2) {
  const auto step = [](auto d, const AdamFactors& k, const float* gi, float* wi, float* m1i,
                       float* m2i) HWY_ATTR {
    const auto gv = hn::LoadU(d, gi);
    const auto m = hn::MulAdd(hn::Set(d, k.one_minus_beta1), gv,
                              hn::Mul(hn::Set(d, k.beta1), hn::LoadU(d, m1i)));
    const auto v = hn::MulAdd(hn::Mul(hn::Set(d, k.one_minus_beta2), gv), gv,
                              hn::Mul(hn::Set(d, k.beta2), hn::LoadU(d, m2i)));
    const auto denominator =
        hn::Add(hn::Div(hn::Sqrt(v), hn::Set(d, k.root_correction)), hn::Set(d, k.epsilon));
    hn::StoreU(m, d, m1i);
    hn::StoreU(v, d, m2i);
    hn::StoreU(hn::NegMulAdd(hn::Set(d, k.step_size), hn::Div(m, denominator), hn::LoadU(d, wi)), d,
               wi);
  };
  const hn::ScalableTag<float> d;
  const hn::CappedTag<float, 1> one;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= size; i += lanes) step(d, f, g + i, w + i, m1 + i, m2 + i);
  for (; i < size; ++i) step(one, f, g + i, w + i, m1 + i, m2 + i);
}

}  // namespace shadowtutor::nn::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace shadowtutor::nn {

HWY_EXPORT(AdamLoop);

void AdamUpdate(const AdamOptions& options, int64_t step, std::span<const float> gradient,
                std::span<float> weights, std::span<float> moment1, std::span<float> moment2) {
  const double correction1 = 1.0 - std::pow(options.beta1, static_cast<double>(step));
  const double correction2 = 1.0 - std::pow(options.beta2, static_cast<double>(step));
  const AdamFactors factors = {static_cast<float>(options.beta1),
                               static_cast<float>(1.0 - options.beta1),
                               static_cast<float>(options.beta2),
                               static_cast<float>(1.0 - options.beta2),
                               static_cast<float>(options.learning_rate / correction1),
                               static_cast<float>(std::sqrt(correction2)),
                               static_cast<float>(options.epsilon)};
  HWY_DYNAMIC_DISPATCH(AdamLoop)
  (factors, weights.size(), gradient.data(), weights.data(), moment1.data(), moment2.data());
}

}  // namespace shadowtutor::nn
#endif  // HWY_ONCE
