// The amount of arithmetic in the student network, for benchmarks and reports.
#ifndef SHADOWTUTOR_NN_OPERATION_COUNT_H_
#define SHADOWTUTOR_NN_OPERATION_COUNT_H_

#include "nn/network.h"
#include "shadowtutor/types.h"

namespace shadowtutor::nn {

/// The number of multiply-adds in the convolutions of one forward pass, when the network is
/// computed layer by layer as published (algorithm section 2). This engine needs about a sixth.
double PublishedMultiplyAdds(const NetworkSpec& spec, FrameSize frame);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_OPERATION_COUNT_H_
