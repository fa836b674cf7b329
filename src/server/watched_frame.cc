#include "server/watched_frame.h"

#include <algorithm>
#include <array>

namespace shadowtutor::server {
namespace {

// Where the pixels begin that pixel `i` of `small` stands for, in a side of `large` pixels.
int Begin(int i, int small, int large) { return static_cast<int>(int64_t{i} * large / small); }

}  // namespace

FrameSize WatchedSize(FrameSize size) {
  const int longer = std::max({size.width, size.height, 1});
  if (longer <= WatchedFrame::kMostSide) return size;
  const auto fit = [&](int side) {
    return std::max(1, static_cast<int>(int64_t{side} * WatchedFrame::kMostSide / longer));
  };
  return {fit(size.width), fit(size.height)};
}

Image ShrinkForWatching(ImageView frame) {
  const FrameSize size = WatchedSize(frame.size());
  Image small(size.width, size.height);
  for (int y = 0; y < size.height; ++y) {
    const int top = Begin(y, size.height, frame.height);
    const int bottom = Begin(y + 1, size.height, frame.height);
    for (int x = 0; x < size.width; ++x) {
      const int left = Begin(x, size.width, frame.width);
      const int right = Begin(x + 1, size.width, frame.width);
      std::array<int64_t, 3> sum{};
      for (int row = top; row < bottom; ++row) {
        const uint8_t* pixel = frame.row(row) + 3 * left;
        for (int column = left; column < right; ++column) {
          for (int64_t& channel : sum) channel += *pixel++;
        }
      }
      const int64_t count = int64_t{bottom - top} * (right - left);
      uint8_t* out = small.row(y) + 3 * x;
      for (const int64_t channel : sum) {
        *out++ = static_cast<uint8_t>((channel + count / 2) / count);
      }
    }
  }
  return small;
}

LabelMap ShrinkForWatching(const LabelMap& label) {
  if (label.empty()) return {};
  const FrameSize size = WatchedSize(label.size());
  LabelMap small(size.width, size.height);
  for (int y = 0; y < size.height; ++y) {
    const int row =
        (Begin(y, size.height, label.height()) + Begin(y + 1, size.height, label.height()) - 1) / 2;
    for (int x = 0; x < size.width; ++x) {
      const int column =
          (Begin(x, size.width, label.width()) + Begin(x + 1, size.width, label.width()) - 1) / 2;
      small.at(x, y) = label.at(column, row);
    }
  }
  return small;
}

WatchedFrame ShrinkForWatching(const tutor::LabelledFrame& labelled,
                               const tutor::Predictions& predictions) {
  return {.frame_index = labelled.frame_index,
          .frame = ShrinkForWatching(labelled.frame.view()),
          .label = ShrinkForWatching(labelled.answer.label),
          .before = ShrinkForWatching(predictions.before),
          .after = ShrinkForWatching(predictions.after)};
}

}  // namespace shadowtutor::server
