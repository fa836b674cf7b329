// How much arithmetic the student network is, for benchmarks and reports.
#ifndef SHADOWTUTOR_NN_OPERATION_COUNT_H_
#define SHADOWTUTOR_NN_OPERATION_COUNT_H_

#include "nn/network.h"
#include "shadowtutor/types.h"

namespace shadowtutor::nn {

/// Multiply-adds of one forward pass's convolutions as the network is published (algorithm section
/// 2): what a framework that computes it layer by layer has to do. This engine needs about a sixth.
double PublishedMultiplyAdds(const NetworkSpec& spec, FrameSize frame);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_OPERATION_COUNT_H_
