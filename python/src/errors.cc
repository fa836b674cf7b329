#include <string_view>

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
      // A sentence may name a file whose name is not UTF-8.
      const std::string_view what = error.what();
      const auto text = py::reinterpret_steal<py::object>(PyUnicode_DecodeUTF8(
          what.data(), static_cast<py::ssize_t>(what.size()), "surrogateescape"));
      PyErr_SetObject(type.ptr(), text.ptr());
    }
  });
}

}  // namespace shadowtutor::python
