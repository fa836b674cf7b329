#include "shadowtutor/types.h"

#include <cstring>

namespace shadowtutor {

const char* ErrorCodeName(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return "INVALID_ARGUMENT";
    case ErrorCode::kNotFound:
      return "NOT_FOUND";
    case ErrorCode::kDataLoss:
      return "DATA_LOSS";
    case ErrorCode::kFailedPrecondition:
      return "FAILED_PRECONDITION";
    case ErrorCode::kResourceExhausted:
      return "RESOURCE_EXHAUSTED";
    case ErrorCode::kUnavailable:
      return "UNAVAILABLE";
    case ErrorCode::kDeadlineExceeded:
      return "DEADLINE_EXCEEDED";
    case ErrorCode::kCancelled:
      return "CANCELLED";
    case ErrorCode::kInternal:
      return "INTERNAL";
    case ErrorCode::kUnauthenticated:
      return "UNAUTHENTICATED";
  }
  return "UNKNOWN";
}

void Image::Assign(ImageView view) {
  width_ = view.width;
  height_ = view.height;
  pixels_.resize(view.size().pixels() * 3);
  const size_t row_bytes = static_cast<size_t>(width_) * 3;
  for (int y = 0; y < height_; ++y) std::memcpy(row(y), view.row(y), row_bytes);
}

Rgb DefaultClassColor(int index) {
  // Eight colours that colour-blind readers can tell apart (Okabe and Ito, 2008); later indices
  // repeat them darker.
  static constexpr Rgb kHues[] = {{230, 159, 0}, {86, 180, 233}, {0, 158, 115},   {240, 228, 66},
                                  {0, 114, 178}, {213, 94, 0},   {204, 121, 167}, {153, 153, 153}};
  const Rgb hue = kHues[index % 8];
  const int round = index / 8 % 4;
  const auto darker = [round](uint8_t v) { return static_cast<uint8_t>(v * (4 - round) / 4); };
  return {darker(hue.r), darker(hue.g), darker(hue.b)};
}

}  // namespace shadowtutor
