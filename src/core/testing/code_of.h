// For tests of what is refused.
#ifndef SHADOWTUTOR_CORE_TESTING_CODE_OF_H_
#define SHADOWTUTOR_CORE_TESTING_CODE_OF_H_

#include <gtest/gtest.h>

#include <string>

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

/// The sentence of the Error kInvalidArgument that `call` throws; empty if it throws none.
template <typename Call>
std::string RefusalOf(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument) << error.what();
    return error.what();
  }
  return "";
}

}  // namespace shadowtutor

#endif  // SHADOWTUTOR_CORE_TESTING_CODE_OF_H_
