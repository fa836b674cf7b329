#include "nn/kernels/isa.h"

#include <hwy/targets.h>

#include <cstdlib>
#include <mutex>

#include "nn/kernels/conv.h"
#include "nn/kernels/matrix_unit.h"
#include "shadowtutor/types.h"

namespace shadowtutor::nn {
namespace {

struct Named {
  const char* name;
  int64_t target;
  bool matrix_unit = false;
};
constexpr Named kNames[] = {{"amx", HWY_AVX3, true}, {"avx512", HWY_AVX3}, {"avx2", HWY_AVX2},
                            {"sse4", HWY_SSE4},      {"neon", HWY_NEON},   {"scalar", HWY_EMU128},
                            {"scalar", HWY_SCALAR}};

void Select() {
  // On 64-bit Arm there is only one target, which runs on every processor. Without this call
  // Highway would warn on processors without AES instructions (Raspberry Pi 4), because it counts
  // them as a part of NEON; no kernel uses them.
  if (HWY_ARCH_ARM_A64) hwy::SetSupportedTargetsForTest(HWY_STATIC_TARGET);
  const char* wanted = std::getenv("SHADOWTUTOR_ISA");
  if (!wanted || !*wanted) {
    UseMatrixUnit(ActiveTarget() == HWY_AVX3 && MatrixUnitPresent());
    return;
  }
  const std::string name = wanted;
  // Highway does not list EMU128 as supported, unless it is the baseline, although it always runs.
  const int64_t runnable = hwy::SupportedTargets() | HWY_EMU128 | HWY_SCALAR;
  const auto runs = [&](const Named& known) {
    return (runnable & CompiledTargets() & known.target) &&
           (!known.matrix_unit || MatrixUnitPresent());
  };
  for (const auto& known : kNames) {
    if (name == known.name && runs(known)) {
      hwy::SetSupportedTargetsForTest(known.target);
      UseMatrixUnit(known.matrix_unit);
      return;
    }
  }
  std::string all;
  for (const auto& known : kNames) {
    if (runs(known)) {
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
    if (target == known.target && known.matrix_unit == HasMatrixUnit()) return known.name;
  }
  return "other";
}

}  // namespace shadowtutor::nn
