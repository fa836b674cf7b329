// What each file adds to the module.
#ifndef SHADOWTUTOR_PYTHON_BINDINGS_H_
#define SHADOWTUTOR_PYTHON_BINDINGS_H_

#include <pybind11/pybind11.h>

namespace shadowtutor::python {

namespace py = pybind11;

/// Makes an Error of the library the exception of its code (shadowtutor/_errors.py).
void AddErrors(py::module_& module);
void AddStudent(py::module_& module);
void AddTeacher(py::module_& module);
void AddTrainer(py::module_& module);
void AddClient(py::module_& module);
void AddServer(py::module_& module);
void AddEvaluate(py::module_& module);

}  // namespace shadowtutor::python

#endif  // SHADOWTUTOR_PYTHON_BINDINGS_H_
