// Figures as Python objects: read-only attributes, to_dict() for tables, and a repr.
#ifndef SHADOWTUTOR_PYTHON_RECORD_H_
#define SHADOWTUTOR_PYTHON_RECORD_H_

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace shadowtutor::python {

namespace py = pybind11;

/// -1 stands for "none yet" in metrics; in Python that is None.
inline std::optional<double> MetricOf(double metric) {
  return metric < 0 ? std::nullopt : std::optional<double>(metric);
}

/// A class of figures of the type T:
///   Record<Stats>(module, "Stats", "...").Field("frames", "...", &Stats::frames);
template <typename T>
class Record {
 public:
  Record(py::module_& module, const char* name, const char* doc)
      : class_(module, name, doc), fields_(std::make_shared<Fields>()) {
    class_.def(
        "to_dict",
        [fields = fields_](const T& record) {
          py::dict dict;
          for (const auto& [field, get] : *fields) dict[field] = get(record, /*plain=*/true);
          return dict;
        },
        "The figures by name, as a table's row.");
    class_.def("__repr__", [fields = fields_, name = std::string(name)](const T& record) {
      std::string text = name + "(";
      for (const auto& [field, get] : *fields) {
        if (text.back() != '(') text += ", ";
        text += std::string(field) + "=" + std::string(py::repr(get(record, false)));
      }
      return text + ")";
    });
  }

  template <typename Value>
  Record& Field(const char* name, const char* doc, Value T::*member) {
    return Field(name, doc, [member](const T& record) { return record.*member; });
  }

  template <typename Get>
  Record& Field(const char* name, const char* doc, Get get) {
    class_.def_property_readonly(
        name, [get](const T& record) { return get(record); }, doc);
    fields_->emplace_back(name, [get](const T& record, bool plain) -> py::object {
      const py::object value = AsObject(get(record));
      if (!plain || !py::isinstance<py::list>(value)) return value;
      py::list list;  // of records
      for (const py::handle entry : value) list.append(entry.attr("to_dict")());
      return list;
    });
    return *this;
  }

 private:
  template <typename Value>
  static py::object AsObject(Value value) {
    if constexpr (std::is_base_of_v<py::object, Value>) {
      return value;
    } else {
      return py::cast(std::move(value));
    }
  }

  using Fields = std::vector<std::pair<const char*, std::function<py::object(const T&, bool)>>>;
  py::class_<T> class_;
  std::shared_ptr<Fields> fields_;
};

}  // namespace shadowtutor::python

#endif  // SHADOWTUTOR_PYTHON_RECORD_H_
