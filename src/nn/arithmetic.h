// How a student in training computes its gradients.
#ifndef SHADOWTUTOR_NN_ARITHMETIC_H_
#define SHADOWTUTOR_NN_ARITHMETIC_H_

#include <cstdint>
#include <string_view>

namespace shadowtutor::nn {

enum class Arithmetic : uint8_t {
  /// Every layer as the paper has it, in single precision. The published figures are computed so.
  kReference,
  /// The same gradients from fewer and coarser operations: layers without a non-linearity between
  /// them as one, weight gradients by Winograd's filtering, and products of bfloat16 numbers (8
  /// bits of precision, summed in single precision) where the processor multiplies matrices of
  /// them. What travels are weights, not gradients, so client and server hold the same student all
  /// the same. What it does to accuracy: docs/results.md.
  kFast,
};

/// "reference", "fast".
std::string_view NameOf(Arithmetic arithmetic);
/// Throws Error kInvalidArgument, which lists the names, for any other.
Arithmetic ParseArithmetic(std::string_view name);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_ARITHMETIC_H_
