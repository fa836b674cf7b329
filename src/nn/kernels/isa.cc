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
constexpr Named kNames[] = {{"amx", HWY_AVX3, true}, {"avx512", HWY_AVX3},  {"avx2", HWY_AVX2},
                            {"sse4", HWY_SSE4},      {"neon", HWY_NEON},    {"wasm", HWY_WASM},
                            {"scalar", HWY_EMU128},  {"scalar", HWY_SCALAR}};

#if HWY_TARGETS & (HWY_TARGETS - 1)
int64_t Runnable() {
  // Highway does not list EMU128 as supported, unless it is the baseline, although it always runs.
  return (hwy::SupportedTargets() | HWY_EMU128 | HWY_SCALAR) & CompiledTargets();
}
void Use(int64_t target) { hwy::SetSupportedTargetsForTest(target); }
#else
// Compiled for one instruction set (Arm, WebAssembly) the kernels are called directly. Nothing of
// Highway's library is needed, which would warn on 64-bit Arm without AES (Raspberry Pi 4), because
// it counts AES as a part of NEON, and which there is not for WebAssembly.
int64_t Runnable() { return CompiledTargets(); }
void Use(int64_t) {}
#endif

void Select() {
  const char* wanted = std::getenv("SHADOWTUTOR_ISA");
  if (!wanted || !*wanted) {
    UseMatrixUnit(ActiveTarget() == HWY_AVX3 && MatrixUnitPresent());
    return;
  }
  const std::string name = wanted;
  const int64_t runnable = Runnable();
  const auto runs = [&](const Named& known) {
    return (runnable & known.target) && (!known.matrix_unit || MatrixUnitPresent());
  };
  for (const auto& known : kNames) {
    if (name == known.name && runs(known)) {
      Use(known.target);
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
