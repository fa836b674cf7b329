#include "eval/remembering_teacher.h"

#include <cstring>

namespace shadowtutor::eval {
namespace {

bool SamePixels(ImageView a, ImageView b) {
  if (a.size() != b.size()) return false;
  const size_t row_bytes = static_cast<size_t>(a.width) * 3;
  for (int y = 0; y < a.height; ++y) {
    if (std::memcmp(a.row(y), b.row(y), row_bytes) != 0) return false;
  }
  return true;
}

}  // namespace

teacher::Answer RememberingTeacher::Label(ImageView frame, uint64_t frame_index) {
  if (!answer_ || frame_index != frame_index_ || !SamePixels(frame, frame_)) {
    answer_.reset();
    answer_ = teacher_.Label(frame, frame_index);
    frame_ = Image(frame);
    frame_index_ = frame_index;
  }
  return *answer_;
}

}  // namespace shadowtutor::eval
