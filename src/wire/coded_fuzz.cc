// Fuzzes what the range coder carries: any bytes make it either throw Error, or return finite
// weights or a label map of the declared size.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <vector>

#include "shadowtutor/types.h"
#include "wire/coded_update.h"
#include "wire/label_coder.h"

namespace {

namespace nn = shadowtutor::nn;
namespace wire = shadowtutor::wire;

[[noreturn]] void Fail(const char* what) {
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

void Update(std::span<const uint8_t> payload) {
  static const nn::NetworkLayout layout([] {
    nn::NetworkSpec spec{.classes = 3};
    spec.in_conv1 = spec.in_conv2 = 4;
    spec.enc1 = spec.enc2 = spec.enc3 = spec.dec1 = spec.dec2 = spec.dec3 = spec.out = 16;
    return spec;
  }());
  static const nn::ParameterSelection selection(layout, nn::kPartialDistillation,
                                                nn::ParameterKinds::kAll);
  wire::CodedUpdates updates(layout, selection);
  std::vector<float> weights(updates.size(), 0.5f);
  // Twice: the second time it remembers the first.
  for (int i = 0; i < 2; ++i) {
    weights = updates.Decode(weights, payload);
    for (const float weight : weights) {
      if (!std::isfinite(weight)) Fail("a decoded weight is not finite");
    }
  }
}

void Labels(std::span<const uint8_t> bytes) {
  wire::LabelCoder coder;
  for (const shadowtutor::FrameSize size : {shadowtutor::FrameSize{33, 20}, {33, 20}, {5, 7}}) {
    if (coder.Decode(bytes, size).size() != size) Fail("a label map has another size");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  try {
    if (data[0] & 1) {
      Update({data + 1, size - 1});
    } else {
      Labels({data + 1, size - 1});
    }
  } catch (const shadowtutor::Error&) {  // refused, as hostile bytes should be
  }
  return 0;
}
