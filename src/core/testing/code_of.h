// For tests of what is refused.
#ifndef SHADOWTUTOR_CORE_TESTING_CODE_OF_H_
#define SHADOWTUTOR_CORE_TESTING_CODE_OF_H_

#include <gtest/gtest.h>

#include "shadowtutor/types.h"

namespace shadowtutor {

/// The code of the Error that `call` throws. If it throws none, the test fails.
template <typename Call>
ErrorCode CodeOf(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "nothing was thrown";
  return ErrorCode::kInternal;
}

}  // namespace shadowtutor

#endif  // SHADOWTUTOR_CORE_TESTING_CODE_OF_H_
