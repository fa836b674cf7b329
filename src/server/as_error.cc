#include "server/as_error.h"

#include <new>

namespace shadowtutor::server {

Error AsError(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const Error& error) {
    return error;
  } catch (const std::bad_alloc&) {
    return Error(ErrorCode::kResourceExhausted,
                 "The server is out of memory; send smaller frames or allow fewer sessions.");
  } catch (const std::exception& error) {
    return Error(ErrorCode::kInternal, error.what());
  } catch (...) {
    return Error(ErrorCode::kInternal, "The server failed in a way that it does not know.");
  }
}

}  // namespace shadowtutor::server
