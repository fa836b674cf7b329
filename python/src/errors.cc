#include "bindings.h"
#include "shadowtutor/types.h"

namespace shadowtutor::python {

void AddErrors(py::module_&) {
  py::register_local_exception_translator([](std::exception_ptr pointer) {
    try {
      if (pointer) std::rethrow_exception(pointer);
    } catch (const Error& error) {
      const py::object type =
          py::module_::import("shadowtutor._errors").attr("BY_CODE")[ErrorCodeName(error.code())];
      PyErr_SetString(type.ptr(), error.what());
    }
  });
}

}  // namespace shadowtutor::python
