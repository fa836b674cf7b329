// Python objects that the library's threads hold and call, and the end of the interpreter: once it
// has begun, no thread of ours may enter Python again.
#ifndef SHADOWTUTOR_PYTHON_LIFETIME_H_
#define SHADOWTUTOR_PYTHON_LIFETIME_H_

#include <cxxabi.h>
#include <pybind11/pybind11.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace shadowtutor::python {

namespace py = pybind11;

/// What has threads that may call Python, and must be closed before the interpreter ends.
class Closable {
 public:
  virtual ~Closable() = default;
  /// Ends the threads. Called without the GIL.
  virtual void Close() noexcept = 0;
};

/// Has `object` closed when the interpreter ends, unless it is gone by then. With the GIL.
void CloseAtExit(const std::shared_ptr<Closable>& object);
/// Closes all of them. Registered with Python's atexit; with the GIL.
void CloseAll();
/// Whether CloseAll has returned. Any thread.
bool Exiting();

/// Runs `call`, which enters Python. A thread that asks for the GIL
/// while the interpreter ends is ended by Python, by an exception that must not be caught; such a
/// thread stays here for the rest of the process, and nothing that it holds is touched.
template <typename Call>
auto StayIfEnded(Call&& call) {
  try {
    return call();
  } catch (const abi::__forced_unwind&) {
    for (;;) pause();
  }
}

/// While it lives, other Python threads run. With the GIL, which its thread has again afterwards;
/// one for which Python ends meanwhile stays here, as in StayIfEnded. (From the destructor of
/// pybind11's gil_scoped_release the exception would end the process.)
class WithoutGil {
 public:
  WithoutGil() : state_(PyEval_SaveThread()) {}
  ~WithoutGil() {
    StayIfEnded([this] { PyEval_RestoreThread(state_); });
  }
  WithoutGil(const WithoutGil&) = delete;
  WithoutGil& operator=(const WithoutGil&) = delete;

 private:
  PyThreadState* const state_;
};

/// A reference that may be dropped on any thread, with or without the GIL.
class Held {
 public:
  Held() = default;
  explicit Held(py::object object);
  /// Null for None and for nothing at all.
  PyObject* get() const { return object_.get(); }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  std::shared_ptr<PyObject> object_;
};

/// A function for options' `log`: calls `log` with a line, or the logger "shadowtutor" if it is
/// None. What it raises is shown by sys.unraisablehook. With the GIL.
std::function<void(const std::string&)> LogFunction(const py::object& log);

/// Lets Python handle signals on its main thread, and returns whether that raised something, such
/// as KeyboardInterrupt; the caller must then return to Python by py::error_already_set, and not
/// ask again. Without the GIL.
bool Interrupted();

/// "ValueError: the text" of what is being raised. With the GIL.
std::string TextOf(py::error_already_set& error);

}  // namespace shadowtutor::python

#endif  // SHADOWTUTOR_PYTHON_LIFETIME_H_
