// Frames and label maps as NumPy arrays, and what else crosses the border as plain values.
#ifndef SHADOWTUTOR_PYTHON_ARRAYS_H_
#define SHADOWTUTOR_PYTHON_ARRAYS_H_

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "shadowtutor/types.h"

namespace shadowtutor::python {

namespace py = pybind11;

/// A frame of the caller's: an array [H,W,3] of uint8. Its memory is used as it is if each row's
/// pixels lie side by side, however far the rows are apart; otherwise it is copied once. Throws
/// Error kInvalidArgument for anything else.
class Frame {
 public:
  explicit Frame(const py::object& frame);
  ImageView view() const { return view_; }

 private:
  py::array array_;  // keeps the memory
  ImageView view_;
};

/// A copy of the frame, [H,W,3].
py::array ArrayOf(ImageView frame);
/// An array [H,W] that owns what `labels` held.
py::array ArrayOf(LabelMap&& labels);
/// Copies the labels to `out`, which must be a writeable array [H,W] of uint8 of their size, and
/// returns it. Throws Error kInvalidArgument if it is not; CheckOut does that beforehand.
py::object CopyTo(const LabelMap& labels, const py::object& out);
void CheckOut(const py::object& out, FrameSize size);

/// Labels from an array [H,W] of bool or of integers from 0 to 255. Throws Error kInvalidArgument
/// for anything else.
LabelMap LabelsOf(const py::handle& labels);
/// A teacher's answer: labels, or a dict with "labels" and, if the boxes of instances are known,
/// "boxes": [[x, y, width, height], ...].
TeacherAnswer AnswerOf(const py::handle& answer);

/// From names, or pairs of a name and a colour (r, g, b); names alone get the default colours.
ClassList ClassesOf(const py::iterable& classes);
/// The index of the background class: as given, or that of the class named "background", or -1.
int BackgroundOf(const ClassList& classes, std::optional<int> background);
std::vector<std::string> NamesOf(const ClassList& classes);

/// Parts of a policy: {"max_updates": 8} is {"max-updates", "8"}.
std::map<std::string, std::string> PartsOf(const py::dict& parts);

py::bytes BytesOf(const std::vector<uint8_t>& bytes);
/// The path as the system takes it: of a str, bytes or os.PathLike. An empty text for None.
std::string PathOf(const py::object& path);

}  // namespace shadowtutor::python

#endif  // SHADOWTUTOR_PYTHON_ARRAYS_H_
