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
                 "the server is out of memory; send smaller frames, or allow fewer sessions in the "
                 "server's settings");
  } catch (const std::exception& error) {
    return Error(ErrorCode::kInternal, error.what());
  } catch (...) {
    return Error(ErrorCode::kInternal, "the server failed for an unknown reason");
  }
}

}  // namespace shadowtutor::server
