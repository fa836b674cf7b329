#include "teacher/mask_paste.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "core/parallel.h"

namespace shadowtutor::teacher {
namespace {

// A position between two neighbouring samples of a line.
struct Step {
  int low = 0, high = 0;
  float low_weight = 1, high_weight = 0;
};

// The samples [begin, end) of a line.
struct Samples {
  int begin = 0, end = 1;
};

// The Step at `position`, as in PyTorch's bilinear interpolation without aligned corners. The
// centres of samples are at integers; beyond the first and last sample, their values continue.
Step StepAt(float position, Samples samples) {
  const float clamped =
      std::clamp(position, static_cast<float>(samples.begin), static_cast<float>(samples.end - 1));
  Step step;
  step.low = std::min(static_cast<int>(clamped), samples.end - 1);
  step.high = std::min(step.low + 1, samples.end - 1);
  step.high_weight = clamped - static_cast<float>(step.low);
  step.low_weight = 1.0f - step.high_weight;
  return step;
}

float Between(const float* low_row, const float* high_row, const Step& x, const Step& y) {
  const float upper = x.low_weight * low_row[x.low] + x.high_weight * low_row[x.high];
  const float lower = x.low_weight * high_row[x.low] + x.high_weight * high_row[x.high];
  return y.low_weight * upper + y.high_weight * lower;
}

// The Steps of `count` pixels from `first` on; position(p) is the position of pixel p.
template <typename Position>
std::vector<Step> Steps(int first, int count, Samples samples, const Position& position) {
  std::vector<Step> steps(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i)
    steps[static_cast<size_t>(i)] = StepAt(position(first + i), samples);
  return steps;
}

void PaintWithin(const Plane& plane, const Box& box, const std::vector<Step>& columns,
                 const std::vector<Step>& rows, float threshold, uint8_t label, LabelMap& labels) {
  constexpr int kRowsPerTask = 32;
  ParallelFor((box.height + kRowsPerTask - 1) / kRowsPerTask, [&](int task) {
    const int end = std::min(box.height, (task + 1) * kRowsPerTask);
    for (int y = task * kRowsPerTask; y < end; ++y) {
      const Step& row = rows[static_cast<size_t>(y)];
      const float* low = plane.values + static_cast<size_t>(row.low) * plane.size.width;
      const float* high = plane.values + static_cast<size_t>(row.high) * plane.size.width;
      uint8_t* out = labels.row(box.y + y) + box.x;
      for (int x = 0; x < box.width; ++x) {
        if (Between(low, high, columns[static_cast<size_t>(x)], row) > threshold) out[x] = label;
      }
    }
  });
}

// The mask with a border of zeros one pixel wide.
std::vector<float> WithBorder(const Plane& mask) {
  const size_t width = static_cast<size_t>(mask.size.width) + 2;
  std::vector<float> padded(width * (static_cast<size_t>(mask.size.height) + 2), 0.0f);
  for (int y = 0; y < mask.size.height; ++y) {
    std::copy_n(mask.values + static_cast<size_t>(y) * mask.size.width, mask.size.width,
                padded.begin() + static_cast<ptrdiff_t>((static_cast<size_t>(y) + 1) * width + 1));
  }
  return padded;
}

// One axis of a box, grown about its centre and truncated to whole pixels.
struct Span {
  int64_t begin = 0, length = 1;
};

Span Grown(float begin, float end, float growth) {
  const float half = (end - begin) * 0.5f * growth;
  const float centre = (end + begin) * 0.5f;
  // Far outside of any frame, but small enough for an integer.
  constexpr float kFar = 1e9f;
  const auto first = static_cast<int64_t>(std::clamp(centre - half, -kFar, kFar));
  const auto last = static_cast<int64_t>(std::clamp(centre + half, -kFar, kFar));
  return {first, std::max<int64_t>(last - first + 1, 1)};
}

// The position in a mask, in Detectron2's rule, of the centre of pixel `p`.
float LookUp(int p, float begin, float end, int samples) {
  const float normalised = (static_cast<float>(p) + 0.5f - begin) / (end - begin) * 2.0f - 1.0f;
  return ((normalised + 1.0f) * static_cast<float>(samples) - 1.0f) / 2.0f;
}

}  // namespace

void PasteLikeTorchvision(const Plane& mask, const BoxF& box, float threshold, uint8_t label,
                          LabelMap& labels) {
  const std::vector<float> padded = WithBorder(mask);
  const Plane grown{padded.data(), {mask.size.width + 2, mask.size.height + 2}};
  const auto growth = static_cast<float>(static_cast<double>(grown.size.width) / mask.size.width);
  const Span across = Grown(box.x0, box.x1, growth);
  const Span down = Grown(box.y0, box.y1, growth);
  // Computes only the part inside the frame, since the box may be very large.
  const auto within = [](const Span& span, int side) {
    const auto begin = std::clamp<int64_t>(span.begin, 0, side);
    const auto end = std::clamp<int64_t>(span.begin + span.length, 0, side);
    return std::pair<int, int>(static_cast<int>(begin), static_cast<int>(end));
  };
  const auto [x0, x1] = within(across, labels.width());
  const auto [y0, y1] = within(down, labels.height());
  if (x1 <= x0 || y1 <= y0) return;
  const auto position = [](const Span& span, int samples) {
    const float scale = static_cast<float>(samples) / static_cast<float>(span.length);
    return [scale, begin = span.begin](int p) {
      return scale * (static_cast<float>(p - begin) + 0.5f) - 0.5f;
    };
  };
  PaintWithin(grown, {x0, y0, x1 - x0, y1 - y0},
              Steps(x0, x1 - x0, {0, grown.size.width}, position(across, grown.size.width)),
              Steps(y0, y1 - y0, {0, grown.size.height}, position(down, grown.size.height)),
              threshold, label, labels);
}

void PasteLikeDetectron2(const Plane& mask, const BoxF& box, float threshold, uint8_t label,
                         LabelMap& labels) {
  if (!(box.x1 > box.x0) || !(box.y1 > box.y0)) return;
  // Beyond the outermost centres the mask fades to 0, which can reach outside of the box; so the
  // box gets a margin of one mask pixel.
  const std::vector<float> padded = WithBorder(mask);
  const float margin_x = (box.x1 - box.x0) / static_cast<float>(mask.size.width);
  const float margin_y = (box.y1 - box.y0) / static_cast<float>(mask.size.height);
  const Box pixels = PixelsOf(
      {box.x0 - margin_x, box.y0 - margin_y, box.x1 + margin_x, box.y1 + margin_y}, labels.size());
  const size_t stride = static_cast<size_t>(mask.size.width) + 2;
  for (int y = pixels.y; y < pixels.y + pixels.height; ++y) {
    const float row = LookUp(y, box.y0, box.y1, mask.size.height);
    if (!(row > -1.0f) || !(row < static_cast<float>(mask.size.height))) continue;
    const float row_low = std::floor(row);
    const float* low = padded.data() + static_cast<size_t>(row_low + 1.0f) * stride;
    const float* high = low + stride;
    for (int x = pixels.x; x < pixels.x + pixels.width; ++x) {
      const float column = LookUp(x, box.x0, box.x1, mask.size.width);
      if (!(column > -1.0f) || !(column < static_cast<float>(mask.size.width))) continue;
      const float column_low = std::floor(column);
      const auto left = static_cast<size_t>(column_low + 1.0f);
      const float east = column - column_low, west = 1.0f - east;
      const float south = row - row_low, north = 1.0f - south;
      const float value = low[left] * (north * west) + low[left + 1] * (north * east) +
                          high[left] * (south * west) + high[left + 1] * (south * east);
      if (value >= threshold) labels.at(x, y) = label;
    }
  }
}

void PasteWhole(const Plane& plane, const Placement& placement, const Box& box, float threshold,
                uint8_t label, LabelMap& labels) {
  if (box.width <= 0 || box.height <= 0) return;
  // Maps a pixel of the frame to the input, and from there to the plane.
  const auto position = [](double scale, double offset, double factor) {
    const auto slope = static_cast<float>(scale * factor);
    const auto shift = static_cast<float>(offset * factor);
    return [slope, shift](int p) { return slope * (static_cast<float>(p) + 0.5f) + shift - 0.5f; };
  };
  // The part of the plane that shows the frame. The padding of a letterbox must not affect it.
  const auto inner = [](double begin, double end, double factor, int samples) {
    const int first = std::clamp(static_cast<int>(std::lround(begin * factor)), 0, samples - 1);
    const int last = std::clamp(static_cast<int>(std::lround(end * factor)), first + 1, samples);
    return Samples{first, last};
  };
  const double across = static_cast<double>(plane.size.width) / placement.input.width;
  const double down = static_cast<double>(plane.size.height) / placement.input.height;
  const double right = placement.left + placement.frame.width * placement.scale_x;
  const double bottom = placement.top + placement.frame.height * placement.scale_y;
  PaintWithin(plane, box,
              Steps(box.x, box.width, inner(placement.left, right, across, plane.size.width),
                    position(placement.scale_x, placement.left, across)),
              Steps(box.y, box.height, inner(placement.top, bottom, down, plane.size.height),
                    position(placement.scale_y, placement.top, down)),
              threshold, label, labels);
}

}  // namespace shadowtutor::teacher
