// Durations, which Python gives in seconds.
#ifndef SHADOWTUTOR_PYTHON_SECONDS_H_
#define SHADOWTUTOR_PYTHON_SECONDS_H_

#include <chrono>
#include <cmath>
#include <string>

#include "shadowtutor/types.h"

namespace shadowtutor::python {

/// Throws Error kInvalidArgument unless 0 < seconds <= a day; `name` is the argument's.
inline std::chrono::milliseconds Milliseconds(double seconds, const char* name) {
  constexpr double kDay = 86'400;
  if (!(seconds > 0 && seconds <= kDay)) {
    throw Error(ErrorCode::kInvalidArgument,
                std::string(name) + " must be above 0 s and at most a day");
  }
  return std::chrono::milliseconds(static_cast<int64_t>(std::ceil(seconds * 1000)));
}

}  // namespace shadowtutor::python

#endif  // SHADOWTUTOR_PYTHON_SECONDS_H_
