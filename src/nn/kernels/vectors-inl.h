// The vectors of floats that the kernels compute with, in the instruction set that a kernel is
// being compiled for. Kernels include this after foreach_target.h, which includes each kernel once
// per instruction set; the guard lets this file through as often, as in Highway's own -inl.h files.
#if defined(SHADOWTUTOR_NN_KERNELS_VECTORS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef SHADOWTUTOR_NN_KERNELS_VECTORS_INL_H_
#undef SHADOWTUTOR_NN_KERNELS_VECTORS_INL_H_
#else
#define SHADOWTUTOR_NN_KERNELS_VECTORS_INL_H_
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace shadowtutor::nn::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// At most 16 floats, which is also a block of channels (kBlock in tensor.h).
using D = hn::CappedTag<float, 16>;
using V = hn::Vec<D>;
constexpr int kLanes = HWY_TARGET == HWY_SCALAR ? 1 : HWY_MAX_BYTES / 4;

}  // namespace shadowtutor::nn::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target guard
