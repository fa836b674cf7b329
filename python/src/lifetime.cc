#include "lifetime.h"

#include <algorithm>
#include <atomic>
#include <vector>

namespace shadowtutor::python {
namespace {

std::atomic<bool> exiting{false};

// Guarded by the GIL.
std::vector<std::weak_ptr<Closable>>& Open() {
  static auto* const open = new std::vector<std::weak_ptr<Closable>>;
  return *open;
}

}  // namespace

void CloseAtExit(const std::shared_ptr<Closable>& object) {
  auto& open = Open();
  open.erase(std::remove_if(open.begin(), open.end(), [](const auto& o) { return o.expired(); }),
             open.end());
  open.push_back(object);
}

void CloseAll() {
  while (!Open().empty()) {
    const std::shared_ptr<Closable> object = Open().back().lock();
    Open().pop_back();
    if (!object) continue;
    const WithoutGil released;
    object->Close();
  }
  exiting = true;
}

bool Exiting() { return exiting; }

Held::Held(py::object object) {
  if (!object || object.is_none()) return;
  object_ = std::shared_ptr<PyObject>(object.release().ptr(), [](PyObject* held) {
    if (Exiting()) return;  // the process ends, and the object with it
    StayIfEnded([held] {
      const PyGILState_STATE state = PyGILState_Ensure();
      Py_DECREF(held);
      PyGILState_Release(state);
    });
  });
}

std::function<void(const std::string&)> LogFunction(const py::object& log) {
  py::object function = log;
  if (function.is_none()) {
    function = py::module_::import("logging").attr("getLogger")("shadowtutor").attr("info");
    // Lines are not formats.
    function = py::module_::import("functools").attr("partial")(function, "%s");
  }
  return [held = Held(function)](const std::string& line) {
    if (Exiting()) return;
    StayIfEnded([&] {
      const PyGILState_STATE state = PyGILState_Ensure();
      PyObject* const text =
          PyUnicode_DecodeUTF8(line.data(), static_cast<Py_ssize_t>(line.size()), "replace");
      PyObject* const result =
          text ? PyObject_CallFunctionObjArgs(held.get(), text, nullptr) : nullptr;
      if (!result) PyErr_WriteUnraisable(held.get());
      Py_XDECREF(result);
      Py_XDECREF(text);
      PyGILState_Release(state);
    });
  };
}

bool Interrupted() {
  return StayIfEnded([] {
    const py::gil_scoped_acquire acquire;
    return PyErr_CheckSignals() != 0;
  });
}

std::string TextOf(py::error_already_set& error) {
  std::string name = py::str(error.type().attr("__name__"));
  std::string text;
  try {
    text = py::str(error.value());
  } catch (py::error_already_set&) {
    text = "(an exception without a text)";
  }
  return text.empty() ? name : name + ": " + text;
}

}  // namespace shadowtutor::python
