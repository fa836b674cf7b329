#include "nn/kernels/isa.h"

#include <hwy/targets.h>

#include <cstdlib>
#include <mutex>

#include "nn/kernels/conv.h"
#include "shadowtutor/types.h"

namespace shadowtutor::nn {
namespace {

struct Named {
  const char* name;
  int64_t target;
};
constexpr Named kNames[] = {{"avx512", HWY_AVX3}, {"avx2", HWY_AVX2},     {"sse4", HWY_SSE4},
                            {"neon", HWY_NEON},   {"scalar", HWY_EMU128}, {"scalar", HWY_SCALAR}};

void Select() {
  // On Arm one target is compiled in and every processor runs it; but Highway takes AES
  // instructions, which no kernel uses, for a part of NEON, and warns on chips without them
  // (Raspberry Pi 4).
  if (HWY_ARCH_ARM_A64) hwy::SetSupportedTargetsForTest(HWY_STATIC_TARGET);
  const char* wanted = std::getenv("SHADOWTUTOR_ISA");
  if (!wanted || !*wanted) return;
  const std::string name = wanted;
  // EMU128 is compiled in but never listed as supported unless it is the baseline.
  const int64_t runnable = hwy::SupportedTargets() | HWY_EMU128 | HWY_SCALAR;
  for (const auto& known : kNames) {
    if (name == known.name && (runnable & CompiledTargets() & known.target)) {
      hwy::SetSupportedTargetsForTest(known.target);
      return;
    }
  }
  std::string all;
  for (const auto& known : kNames) {
    if (runnable & CompiledTargets() & known.target) {
      all += (all.empty() ? "" : ", ") + std::string(known.name);
    }
  }
  throw Error(
      ErrorCode::kInvalidArgument,
      "SHADOWTUTOR_ISA=" + name +
          " names instructions that this machine does not have; unset it or choose one of: " + all);
}

}  // namespace

void SelectInstructionSet() {
  static std::once_flag once;
  std::call_once(once, Select);
}

std::string InstructionSetName() {
  SelectInstructionSet();
  const int64_t target = ActiveTarget();
  for (const auto& known : kNames) {
    if (target == known.target) return known.name;
  }
  return "other";
}

}  // namespace shadowtutor::nn
