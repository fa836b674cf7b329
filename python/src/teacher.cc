#include "teacher.h"

#include <mutex>

#include "arrays.h"
#include "bindings.h"

namespace shadowtutor::python {
namespace {

// The classes that the caller named, or the student's.
ClassList Wanted(const py::object& classes, const std::optional<Student>& student) {
  if (classes.is_none()) return student ? student->classes() : ClassList();
  ClassList list = ClassesOf(classes.cast<py::iterable>());
  if (student && NamesOf(list) != NamesOf(student->classes())) {
    throw Error(ErrorCode::kInvalidArgument,
                "the classes are not those of the student; leave them away");
  }
  return list;
}

// The caller may name the background of a student or teacher, but no other.
void CheckBackground(std::optional<int> named, int background) {
  if (named && *named != background) {
    throw Error(ErrorCode::kInvalidArgument, "the background is class " + std::to_string(*named) +
                                                 ", but that of the student or teacher is " +
                                                 std::to_string(background) + "; leave it away");
  }
}

bool IsPath(const py::object& object) {
  return py::isinstance<py::str>(object) || py::hasattr(object, "__fspath__");
}

// Waits for other threads' calls: Python's objects go from thread to thread.
class SharedTeacher final : public Teacher {
 public:
  explicit SharedTeacher(std::unique_ptr<Teacher> teacher) : teacher_(std::move(teacher)) {}
  TeacherAnswer Label(ImageView frame, uint64_t frame_index) override {
    const std::scoped_lock lock(mutex_);
    return teacher_->Label(frame, frame_index);
  }
  void Interrupt() override { teacher_->Interrupt(); }
  const ClassList& classes() const override { return teacher_->classes(); }
  int background() const override { return teacher_->background(); }
  std::string description() const override { return teacher_->description(); }
  std::string trouble() const override { return teacher_->trouble(); }

 private:
  std::mutex mutex_;
  const std::unique_ptr<Teacher> teacher_;
};

std::shared_ptr<PyTeacher> Open(const py::object& card, const py::object& classes,
                                std::optional<int> background) {
  const ClassList list = Wanted(classes, std::nullopt);
  const std::string path = PathOf(card);
  const WithoutGil released;
  return std::make_shared<PyTeacher>(PyTeacher{
      std::make_shared<SharedTeacher>(OpenTeacher(path, list, BackgroundOf(list, background)))});
}

py::object Label(PyTeacher& teacher, const py::object& frame, uint64_t frame_index) {
  const Frame taken(frame);
  TeacherAnswer answer;
  {
    const WithoutGil released;
    answer = teacher.teacher->Label(taken.view(), frame_index);
  }
  if (!answer.has_instances) return ArrayOf(std::move(answer.label));
  py::list boxes;
  for (const Box& box : answer.instances) {
    boxes.append(py::make_tuple(box.x, box.y, box.width, box.height));
  }
  py::dict dict;
  dict["labels"] = ArrayOf(std::move(answer.label));
  dict["boxes"] = boxes;
  return dict;
}

}  // namespace

CallableTeacher::CallableTeacher(py::object function, ClassList classes, int background)
    : function_(function), classes_(std::move(classes)), background_(background) {
  const py::object name = py::getattr(function, "__qualname__", py::none());
  description_ = "Python: ";
  description_ += name.is_none()
                      ? std::string(py::str(py::type::handle_of(function).attr("__qualname__")))
                      : std::string(py::str(name));
}

TeacherAnswer CallableTeacher::Label(ImageView frame, uint64_t) {
  if (Exiting()) throw Error(ErrorCode::kCancelled, "the Python program is ending");
  return StayIfEnded([&] {
    const py::gil_scoped_acquire acquire;
    return Ask(frame);
  });
}

TeacherAnswer CallableTeacher::Ask(ImageView frame) {
  try {
    const py::array array = ArrayOf(frame);
    PyObject* result = nullptr;
    // Most of the time passes here; nothing may be destroyed if the interpreter ends meanwhile.
    StayIfEnded(
        [&] { result = PyObject_CallFunctionObjArgs(function_.get(), array.ptr(), nullptr); });
    if (!result) throw py::error_already_set();
    TeacherAnswer answer = AnswerOf(py::reinterpret_steal<py::object>(result));
    if (answer.label.size() != FrameSize{frame.width, frame.height}) {
      throw Error(ErrorCode::kInvalidArgument,
                  "the labels are " + std::to_string(answer.label.height()) + "x" +
                      std::to_string(answer.label.width()) + ", but the frame is " +
                      std::to_string(frame.height) + "x" + std::to_string(frame.width) +
                      " (height x width)");
    }
    return answer;
  } catch (py::error_already_set& error) {
    if (keeps_errors_) raised_ = std::current_exception();
    throw Error(ErrorCode::kUnavailable, "the teacher raised " + TextOf(error));
  }
}

void CallableTeacher::RaiseAgain() {
  if (raised_) std::rethrow_exception(std::exchange(raised_, nullptr));
}

TeacherAndStudent TeacherAndStudentOf(const py::object& teacher, const py::object& classes,
                                      std::optional<int> background,
                                      const std::optional<Student>& student, uint64_t seed) {
  const ClassList list = Wanted(classes, student);
  if (student) CheckBackground(background, student->background());
  const int ground = student ? student->background() : BackgroundOf(list, background);
  const auto fresh = [&](const Teacher& by) {
    if (student) return *student;
    FreshStudentOptions options;
    options.background = by.background();
    options.seed = seed;
    return Student::Fresh(by.classes(), options);
  };
  if (IsPath(teacher)) {
    const std::string card = PathOf(teacher);
    const WithoutGil released;
    std::shared_ptr<Teacher> opened = OpenTeacher(card, list, ground);
    return {opened, nullptr, fresh(*opened)};
  }
  if (py::isinstance<PyTeacher>(teacher)) {
    const std::shared_ptr<Teacher> opened = teacher.cast<std::shared_ptr<PyTeacher>>()->teacher;
    if (!list.empty() && NamesOf(list) != NamesOf(opened->classes())) {
      throw Error(ErrorCode::kInvalidArgument,
                  "the classes are not those of the teacher; open it with them");
    }
    CheckBackground(background, opened->background());
    return {opened, nullptr, fresh(*opened)};
  }
  if (!PyCallable_Check(teacher.ptr())) {
    throw Error(ErrorCode::kInvalidArgument,
                "a teacher is a function of a frame, a Teacher, or the path of a model card");
  }
  if (list.empty()) {
    throw Error(ErrorCode::kInvalidArgument,
                "say what the teacher's labels stand for: classes=[\"background\", ...] or a "
                "student");
  }
  auto callable = std::make_shared<CallableTeacher>(teacher, list, ground);
  return {callable, callable, fresh(*callable)};
}

void AddTeacher(py::module_& module) {
  py::class_<PyTeacher, std::shared_ptr<PyTeacher>>(
      module, "Teacher",
      "The teacher of a model card (docs/teachers.md): a network, or a folder of labels. A "
      "function\n"
      "of a frame is a teacher as well, and needs no class. Calls\n"
      "from several threads wait for each other.")
      .def(py::init(&Open), py::arg("card"), py::arg("classes") = py::none(),
           py::arg("background") = py::none(),
           "Opens the teacher that a card describes.\n\n"
           "classes: those that its answers are mapped to by name; by default the card's.")
      .def("__call__", &Label, py::arg("frame"), py::arg("frame_index") = 0,
           "The labels of a BGR frame, uint8 [H,W,3]: uint8 [H,W], or a dict with these as "
           "\"labels\"\n"
           "and the instances' boxes, [(x, y, width, height), ...], as \"boxes\".\n\n"
           "frame_index: for folders of labels, which frame of the source it is.")
      .def_property_readonly(
          "classes", [](const PyTeacher& t) { return NamesOf(t.teacher->classes()); },
          "The classes' names; a label is an index into them.")
      .def_property_readonly(
          "background", [](const PyTeacher& t) { return t.teacher->background(); },
          "Index of the background class; -1: none.")
      .def_property_readonly(
          "description", [](const PyTeacher& t) { return t.teacher->description(); },
          "The model and what runs it.");
}

}  // namespace shadowtutor::python
