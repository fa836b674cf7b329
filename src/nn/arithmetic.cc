#include "nn/arithmetic.h"

#include <string>

#include "shadowtutor/types.h"

namespace shadowtutor::nn {

std::string_view NameOf(Arithmetic arithmetic) {
  return arithmetic == Arithmetic::kFast ? "fast" : "reference";
}

Arithmetic ParseArithmetic(std::string_view name) {
  for (const Arithmetic known : {Arithmetic::kReference, Arithmetic::kFast}) {
    if (name == NameOf(known)) return known;
  }
  throw Error(ErrorCode::kInvalidArgument,
              "no arithmetic is called '" + std::string(name) + "'; there are reference, fast");
}

}  // namespace shadowtutor::nn
