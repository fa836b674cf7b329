// Looks for shapes on which a kernel and the plain loops part: libFuzzer's bytes choose the kernel
// family and the shape. SHADOWTUTOR_ISA chooses the instruction set.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>

#include "core/parallel.h"
#include "nn/testing/differential.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace differential = shadowtutor::nn::differential;
  // One thread: what a case does depends on its bytes alone.
  static const shadowtutor::ThreadLimit limit(1);
  differential::Draw draw(std::span(data, size));
  const auto families = differential::Families();
  const auto& family =
      families[static_cast<size_t>(draw.Choice(0, static_cast<int>(families.size()) - 1))];
  const auto complaint = differential::Complaint(family, differential::Run(family, draw));
  if (!complaint.empty()) {
    std::fprintf(stderr, "%s\n", complaint.c_str());
    std::abort();
  }
  return 0;
}
