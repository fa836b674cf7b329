#include "student.h"

#include <string_view>

#include "bindings.h"
#include "lifetime.h"

namespace shadowtutor::python {
namespace {

std::shared_ptr<PyStudent> Made(Student student) {
  return std::make_shared<PyStudent>(std::move(student));
}

std::shared_ptr<PyStudent> Load(const py::object& path) {
  const std::string file = PathOf(path);
  const WithoutGil released;
  return Made(Student::Load(file));
}

std::shared_ptr<PyStudent> Parse(const py::bytes& bytes) {
  const auto view = bytes.cast<std::string_view>();
  const WithoutGil released;
  return Made(Student::Parse({reinterpret_cast<const uint8_t*>(view.data()), view.size()}));
}

std::shared_ptr<PyStudent> Fresh(const py::iterable& classes, std::optional<int> background,
                                 double width, int depth, uint64_t seed) {
  ClassList list = ClassesOf(classes);
  FreshStudentOptions options;
  options.background = BackgroundOf(list, background);
  options.width = width;
  options.depth = depth;
  options.seed = seed;
  const WithoutGil released;
  return Made(Student::Fresh(std::move(list), options));
}

void Save(const PyStudent& student, const py::object& path) {
  const std::string file = PathOf(path);
  const WithoutGil released;
  student.student().Save(file);
}

py::object Predict(PyStudent& student, const py::object& frame, const py::object& out) {
  const Frame taken(frame);
  CheckOut(out, taken.view().size());
  LabelMap labels;
  {
    const WithoutGil released;
    student.Predict(taken.view(), labels);
  }
  return out.is_none() ? ArrayOf(std::move(labels)) : CopyTo(labels, out);
}

py::bytes ToBytes(const PyStudent& student) { return BytesOf(student.student().Serialize()); }

std::string Repr(const PyStudent& student) {
  std::string text = "<shadowtutor.Student of ";
  for (const ClassInfo& entry : student.student().classes()) {
    if (text.back() != ' ') text += ",";
    text += entry.name;
  }
  return text + ", " + std::to_string(student.student().parameter_count()) + " parameters>";
}

}  // namespace

void AddStudent(py::module_& module) {
  py::class_<PyStudent, std::shared_ptr<PyStudent>>(
      module, "Student",
      "The network that labels every frame on the device, with its classes. It never changes: "
      "what\n"
      "a tutor trains is another student. May be used from any thread, and pickled.")
      .def_static(
          "load", &Load, py::arg("path"),
          "Reads a .safetensors file. Raises NotFound, DataLoss (truncated or corrupt), or\n"
          "InvalidArgument (a safetensors file that is no student).")
      .def_static("parse", &Parse, py::arg("data"), "Reads the bytes of a .safetensors file.")
      .def_static("fresh", &Fresh, py::arg("classes"), py::arg("background") = py::none(),
                  py::arg("width") = 1.0, py::arg("depth") = 1, py::arg("seed") = 1,
                  "A student with random weights, which must be taught before it is of use.\n\n"
                  "classes: names, or pairs of a name and a colour (r, g, b); 2 to 255.\n"
                  "background: index of the background class, -1 for none; by default the class\n"
                  "  named \"background\", if there is one.\n"
                  "width, depth: 0.25 to 2, and 1 to 3 (docs/students.md).")
      .def("save", &Save, py::arg("path"), "Writes a .safetensors file, wholly or not at all.")
      .def("to_bytes", &ToBytes, "The bytes of a .safetensors file.")
      .def("__bytes__", &ToBytes)
      .def("predict", &Predict, py::arg("frame"), py::arg("out") = py::none(),
           "The class of each pixel: uint8 [H,W] for a BGR frame, uint8 [H,W,3].\n\n"
           "out: an array uint8 [H,W] to copy the labels to, which is then returned.")
      .def_property_readonly(
          "classes", [](const PyStudent& s) { return NamesOf(s.student().classes()); },
          "The classes' names; a label is an index into them.")
      .def_property_readonly(
          "colors",
          [](const PyStudent& s) {
            std::vector<std::tuple<int, int, int>> colors;
            for (const ClassInfo& entry : s.student().classes()) {
              colors.emplace_back(entry.color.r, entry.color.g, entry.color.b);
            }
            return colors;
          },
          "The classes' colours, (r, g, b).")
      .def_property_readonly(
          "background", [](const PyStudent& s) { return s.student().background(); },
          "Index of the background class; -1: none.")
      .def_property_readonly(
          "parameter_count", [](const PyStudent& s) { return s.student().parameter_count(); },
          "The number of weights.")
      .def_property_readonly(
          "checksum", [](const PyStudent& s) { return s.student().checksum(); },
          "Equal for students with the same weights.")
      .def("__repr__", &Repr)
      .def(py::pickle(&ToBytes, &Parse));
}

}  // namespace shadowtutor::python
