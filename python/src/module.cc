// The module shadowtutor._core; shadowtutor/__init__.py has what programs import.
#include <pybind11/pybind11.h>

#include "bindings.h"
#include "lifetime.h"
#include "shadowtutor/student.h"
#include "shadowtutor/version.h"
#include "teacher/oip/use_oip.h"

PYBIND11_MODULE(_core, module) {
  namespace py = pybind11;
  using namespace shadowtutor::python;  // NOLINT: the one use

  module.doc() = "What is behind the package shadowtutor, which programs import instead.";
  shadowtutor::teacher::oip::UseOip();  // also for evaluate, which opens cards by itself
  AddErrors(module);
  AddStudent(module);
  AddTeacher(module);
  AddTrainer(module);
  AddClient(module);
  AddServer(module);
  AddEvaluate(module);
  module.attr("__version__") = shadowtutor::Version();
  module.def(
      "set_max_threads", &shadowtutor::SetMaxThreads, py::arg("threads"),
      py::call_guard<WithoutGil>(),
      "The most threads that one prediction or distillation step uses, the caller's included.\n"
      "0, the default: all cores.");
  py::module_::import("atexit").attr("register")(py::cpp_function(&CloseAll));
}
