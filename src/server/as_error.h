// Turns what a job threw into an Error that the client can be sent.
#ifndef SHADOWTUTOR_SERVER_AS_ERROR_H_
#define SHADOWTUTOR_SERVER_AS_ERROR_H_

#include <exception>

#include "shadowtutor/types.h"

namespace shadowtutor::server {

/// Returns an Error as it is, std::bad_alloc as kResourceExhausted, and anything else as kInternal.
Error AsError(const std::exception_ptr& thrown);

}  // namespace shadowtutor::server

#endif  // SHADOWTUTOR_SERVER_AS_ERROR_H_
