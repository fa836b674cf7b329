#include "core/float_mode.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace shadowtutor {
namespace {

#if defined(__x86_64__)
constexpr uint64_t kFlush = 0x8000 | 0x0040;  // results (FTZ), operands (DAZ)
constexpr uint64_t kFlags = 0x003f;           // what has happened, not how to compute
uint64_t Control() { return _mm_getcsr() & ~kFlags; }
void SetControl(uint64_t control) { _mm_setcsr(static_cast<unsigned>(control)); }
#elif defined(__aarch64__)
constexpr uint64_t kFlush = uint64_t{1} << 24;  // FZ
uint64_t Control() {
  uint64_t control = 0;
  asm volatile("mrs %0, fpcr" : "=r"(control));
  return control;
}
void SetControl(uint64_t control) { asm volatile("msr fpcr, %0" : : "r"(control)); }
#else
constexpr uint64_t kFlush = 0;
uint64_t Control() { return 0; }
void SetControl(uint64_t) {}
#endif

}  // namespace

FloatMode FloatMode::OfThisThread() { return FloatMode(Control()); }

FloatMode FloatMode::FlushingSubnormals() const { return FloatMode(control_ | kFlush); }

FloatModeScope::FloatModeScope(FloatMode mode) : changed_(mode != before_) {
  if (changed_) SetControl(mode.control_);
}

FloatModeScope::~FloatModeScope() {
  if (changed_) SetControl(before_.control_);
}

}  // namespace shadowtutor
