#include "own_link.h"

#include "arrays.h"

namespace shadowtutor::python {
namespace {

// Asks the object with the GIL. What it raises is kept for the client's caller, and counts as no.
template <typename Ask>
bool Asked(const Held& object, LinkError& error, Ask&& ask) {
  const py::gil_scoped_acquire acquire;
  if (error.raised) return false;  // the client's function is about to raise it
  try {
    return ask(py::reinterpret_borrow<py::object>(object.get()));
  } catch (...) {
    error.raised = std::current_exception();
    return false;
  }
}

bool IsTrue(const py::object& answer) {
  const int truth = PyObject_IsTrue(answer.ptr());
  if (truth < 0) throw py::error_already_set();
  return truth == 1;
}

}  // namespace

OwnLink::OwnLink(py::object object, std::shared_ptr<LinkError> error)
    : object_(object), error_(std::move(error)) {
  for (const char* name : {"connected", "send_key_frame", "request_student", "receive"}) {
    if (!PyCallable_Check(py::getattr(object, name, py::none()).ptr())) {
      throw Error(ErrorCode::kInvalidArgument,
                  "a link needs the functions connected(), send_key_frame(frame, index), "
                  "request_student(why) and receive(wait_s); it has no " +
                      std::string(name));
    }
  }
}

bool OwnLink::Connected() {
  return Asked(object_, *error_,
               [](const py::object& link) { return IsTrue(link.attr("connected")()); });
}

bool OwnLink::SendKeyFrame(ImageView frame, uint64_t frame_index) {
  return Asked(object_, *error_, [&](const py::object& link) {
    return IsTrue(link.attr("send_key_frame")(ArrayOf(frame), frame_index));
  });
}

bool OwnLink::RequestStudent(const std::string& why) {
  return Asked(object_, *error_,
               [&](const py::object& link) { return IsTrue(link.attr("request_student")(why)); });
}

bool OwnLink::Receive(std::vector<uint8_t>& message, std::chrono::milliseconds wait) {
  return Asked(object_, *error_, [&](const py::object& link) {
    const double seconds = std::chrono::duration<double>(wait).count();
    const py::object answer = link.attr("receive")(seconds);
    if (answer.is_none()) return false;
    if (!PyObject_CheckBuffer(answer.ptr())) {
      throw Error(ErrorCode::kInvalidArgument,
                  "receive(wait_s) of a link must return bytes or None, not " +
                      std::string(py::str(py::type::handle_of(answer).attr("__name__"))));
    }
    const py::bytes bytes = py::module_::import("builtins").attr("bytes")(answer);
    const auto view = bytes.cast<std::string_view>();
    message.assign(view.begin(), view.end());
    return true;
  });
}

}  // namespace shadowtutor::python
