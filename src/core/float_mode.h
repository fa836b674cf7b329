// How a thread computes with subnormal numbers, those below 1.2e-38 in magnitude.
//
// Processors take about a hundred times as long for them as for others. A student that is sure of
// its classes has gradients full of them: they double the time of a distillation step, and are less
// than the rounding of any weight that they are added to.
#ifndef SHADOWTUTOR_CORE_FLOAT_MODE_H_
#define SHADOWTUTOR_CORE_FLOAT_MODE_H_

#include <cstdint>

namespace shadowtutor {

/// The calling thread's mode. ParallelFor runs its tasks in the mode of the thread that called it.
class FloatMode {
 public:
  static FloatMode OfThisThread();
  /// The same, but taking subnormal operands and results for 0. On processors other than x86-64 and
  /// AArch64 there is no such mode, and nothing changes.
  FloatMode FlushingSubnormals() const;

  bool operator==(const FloatMode&) const = default;

 private:
  friend class FloatModeScope;
  explicit FloatMode(uint64_t control) : control_(control) {}

  uint64_t control_;  // MXCSR without its flags, or FPCR
};

/// While it lives, this thread computes in `mode`. May be nested.
class FloatModeScope {
 public:
  explicit FloatModeScope(FloatMode mode);
  ~FloatModeScope();
  FloatModeScope(const FloatModeScope&) = delete;
  FloatModeScope& operator=(const FloatModeScope&) = delete;

 private:
  const FloatMode before_ = FloatMode::OfThisThread();
  const bool changed_;
};

}  // namespace shadowtutor

#endif  // SHADOWTUTOR_CORE_FLOAT_MODE_H_
