// What a job threw, as something that a client can be told.
#ifndef SHADOWTUTOR_SERVER_AS_ERROR_H_
#define SHADOWTUTOR_SERVER_AS_ERROR_H_

#include <exception>

#include "shadowtutor/types.h"

namespace shadowtutor::server {

/// Errors as they are, no memory as kResourceExhausted, all else as kInternal.
Error AsError(const std::exception_ptr& thrown);

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_AS_ERROR_H_
