#include "arrays.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace shadowtutor::python {
namespace {

[[noreturn]] void Refuse(const std::string& sentence) {
  throw Error(ErrorCode::kInvalidArgument, sentence);
}

// "float32 [480, 640]".
std::string Described(const py::array& array) {
  std::string text = py::str(array.dtype());
  text += " [";
  for (py::ssize_t i = 0; i < array.ndim(); ++i) {
    if (i > 0) text += ", ";
    text += std::to_string(array.shape(i));
  }
  return text + "]";
}

py::array AsArray(const py::handle& object, const char* what) {
  py::array array = py::array::ensure(object);
  if (!array) {
    PyErr_Clear();
    Refuse(std::string(what) + " must be a NumPy array, and " +
           std::string(py::str(py::type::handle_of(object).attr("__name__"))) +
           " cannot be made one");
  }
  return array;
}

bool IsBytes(const py::array& array) {
  return array.dtype().kind() == 'u' && array.itemsize() == 1;
}

bool FitsAnInt(py::ssize_t length) { return length <= py::ssize_t{1} << 30; }

}  // namespace

Frame::Frame(const py::object& frame) : array_(AsArray(frame, "a frame")) {
  if (!IsBytes(array_) || array_.ndim() != 3 || array_.shape(2) != 3) {
    Refuse("a frame must be a uint8 array [height, width, 3] in the order blue, green, red, not " +
           Described(array_));
  }
  const py::ssize_t height = array_.shape(0), width = array_.shape(1);
  if (height == 0 || width == 0 || !FitsAnInt(height) || !FitsAnInt(width)) {
    Refuse("a frame must have at least one pixel, and sides that fit an int; it is " +
           Described(array_));
  }
  const bool side_by_side = array_.strides(2) == 1 && (width == 1 || array_.strides(1) == 3) &&
                            (height == 1 || array_.strides(0) >= 3 * width);
  if (!side_by_side) {
    array_ = py::module_::import("numpy").attr("ascontiguousarray")(array_).cast<py::array>();
  }
  view_ = ImageView(static_cast<const uint8_t*>(array_.data()), static_cast<int>(width),
                    static_cast<int>(height), height == 1 ? 3 * width : array_.strides(0));
}

py::array ArrayOf(ImageView frame) {
  py::array_t<uint8_t> array({frame.height, frame.width, 3});
  const size_t row = static_cast<size_t>(frame.width) * 3;
  for (int y = 0; y < frame.height; ++y) {
    std::memcpy(array.mutable_data() + static_cast<size_t>(y) * row, frame.row(y), row);
  }
  return array;
}

py::array ArrayOf(LabelMap&& labels) {
  auto owned = std::make_unique<LabelMap>(std::move(labels));
  LabelMap* const map = owned.get();
  const py::capsule owner(map, [](void* pointer) { delete static_cast<LabelMap*>(pointer); });
  owned.release();
  return py::array_t<uint8_t>({map->height(), map->width()}, map->labels().data(), owner);
}

void CheckOut(const py::object& out, FrameSize size) {
  if (out.is_none()) return;
  if (!py::isinstance<py::array>(out)) Refuse("out must be a NumPy array");
  const auto array = py::reinterpret_borrow<py::array>(out);
  if (!IsBytes(array) || array.ndim() != 2 || array.shape(0) != size.height ||
      array.shape(1) != size.width) {
    Refuse("out must be a uint8 array [" + std::to_string(size.height) + ", " +
           std::to_string(size.width) + "] like the frame, not " + Described(array));
  }
  if (!array.writeable() || (size.width > 1 && array.strides(1) != 1)) {
    Refuse("out must be writeable, and the labels of a row must lie side by side in it");
  }
}

py::object CopyTo(const LabelMap& labels, const py::object& out) {
  CheckOut(out, labels.size());
  auto array = py::reinterpret_borrow<py::array>(out);
  auto* const data = static_cast<uint8_t*>(array.mutable_data());
  for (int y = 0; y < labels.height(); ++y) {
    std::memcpy(data + y * array.strides(0), labels.row(y), static_cast<size_t>(labels.width()));
  }
  return out;
}

LabelMap LabelsOf(const py::handle& labels) {
  py::array array = AsArray(labels, "labels");
  const char kind = array.dtype().kind();
  if (array.ndim() != 2 || array.size() == 0 || !FitsAnInt(array.shape(0)) ||
      !FitsAnInt(array.shape(1))) {
    Refuse("labels must be an array [height, width], not " + Described(array));
  }
  if (kind != 'b' && kind != 'u' && kind != 'i') {
    Refuse("labels must be class indices, as uint8, another integer type or bool, not " +
           Described(array));
  }
  if (!IsBytes(array) && kind != 'b') {
    const py::object least = array.attr("min")(), most = array.attr("max")();
    if (least < py::int_(0) || most > py::int_(255)) {
      Refuse("labels must be class indices from 0 to 255, and these go from " +
             std::string(py::str(least)) + " to " + std::string(py::str(most)));
    }
  }
  const auto bytes = py::array_t<uint8_t, py::array::c_style | py::array::forcecast>::ensure(array);
  if (!bytes) throw py::error_already_set();
  LabelMap map(static_cast<int>(bytes.shape(1)), static_cast<int>(bytes.shape(0)));
  std::copy_n(bytes.data(), map.labels().size(), map.labels().data());
  return map;
}

TeacherAnswer AnswerOf(const py::handle& answer) {
  TeacherAnswer made;
  if (!py::isinstance<py::dict>(answer)) {
    if (answer.is_none()) {
      Refuse("an answer must be labels, or a dict with \"labels\"; it is None");
    }
    made.label = LabelsOf(answer);
    return made;
  }
  const auto dict = py::reinterpret_borrow<py::dict>(answer);
  for (const auto& [key, value] : dict) {
    const std::string name = py::str(key);
    if (name != "labels" && name != "boxes") {
      Refuse("an answer has \"labels\" and \"boxes\", and no \"" + name + "\"");
    }
  }
  if (!dict.contains("labels")) Refuse("an answer that is a dict must have \"labels\"");
  made.label = LabelsOf(dict["labels"]);
  if (!dict.contains("boxes") || dict["boxes"].is_none()) return made;
  made.has_instances = true;
  const py::array boxes = AsArray(dict["boxes"], "boxes");
  if (boxes.size() == 0) return made;
  const char kind = boxes.dtype().kind();
  if (boxes.ndim() != 2 || boxes.shape(1) != 4 || (kind != 'i' && kind != 'u')) {
    Refuse("boxes must be rows of whole numbers [x, y, width, height], not " + Described(boxes));
  }
  for (const py::handle row : boxes) {
    int side[4];
    for (int i = 0; i < 4; ++i) {
      try {
        side[i] = row[py::int_(i)].cast<int>();
      } catch (const py::cast_error&) {
        Refuse("a box has a number that is out of range");
      }
    }
    const Box box{side[0], side[1], side[2], side[3]};
    const FrameSize size = made.label.size();
    if (box.x < 0 || box.y < 0 || box.width < 1 || box.height < 1 ||
        box.x > size.width - box.width || box.y > size.height - box.height) {
      Refuse("the box " + std::string(py::str(row)) + " does not lie within the frame");
    }
    made.instances.push_back(box);
  }
  return made;
}

ClassList ClassesOf(const py::iterable& classes) {
  ClassList list;
  if (py::isinstance<py::str>(classes)) {
    Refuse("classes must be a list of names, not one text");
  }
  for (const py::handle entry : classes) {
    ClassInfo info;
    info.color = DefaultClassColor(static_cast<int>(list.size()));
    if (py::isinstance<py::str>(entry)) {
      info.name = py::str(entry);
    } else {
      try {
        const auto [name, color] = entry.cast<std::pair<std::string, std::array<int, 3>>>();
        for (const int part : color) {
          if (part < 0 || part > 255) Refuse("a colour is (red, green, blue), each 0 to 255");
        }
        info.name = name;
        info.color = {static_cast<uint8_t>(color[0]), static_cast<uint8_t>(color[1]),
                      static_cast<uint8_t>(color[2])};
      } catch (const py::cast_error&) {
        Refuse("a class is a name, or a name and a colour: (\"person\", (220, 20, 60))");
      }
    }
    list.push_back(std::move(info));
    if (static_cast<int>(list.size()) > kMaxClasses) break;  // Student::Fresh refuses the list
  }
  return list;
}

int BackgroundOf(const ClassList& classes, std::optional<int> background) {
  if (background) return *background;
  for (size_t i = 0; i < classes.size(); ++i) {
    if (classes[i].name == "background") return static_cast<int>(i);
  }
  return -1;
}

std::vector<std::string> NamesOf(const ClassList& classes) {
  std::vector<std::string> names;
  for (const ClassInfo& entry : classes) names.push_back(entry.name);
  return names;
}

std::map<std::string, std::string> PartsOf(const py::dict& parts) {
  std::map<std::string, std::string> made;
  for (const auto& [key, value] : parts) {
    std::string name = py::str(key);
    std::replace(name.begin(), name.end(), '_', '-');
    made[name] = py::isinstance<py::bool_>(value) ? (value.cast<bool>() ? "on" : "off")
                                                  : std::string(py::str(value));
  }
  return made;
}

py::bytes BytesOf(const std::vector<uint8_t>& bytes) {
  return py::bytes(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

std::string PathOf(const py::object& path) {
  if (path.is_none()) return "";
  return py::module_::import("os").attr("fsencode")(path).cast<std::string>();
}

}  // namespace shadowtutor::python
