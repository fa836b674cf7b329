#include "distill/loss_weights.h"

#include <algorithm>
#include <cstdint>

namespace shadowtutor::distill {
namespace {

// Pixels [begin, end) of one row that are of one class, and the set of runs they are connected to.
struct Run {
  int begin, end, y;
  uint8_t label;
  uint32_t parent;  // index of a run of the same component; its own where it is the root
};

// The root of a run's component. Halves the path on the way, which keeps later look-ups short.
uint32_t Root(std::vector<Run>& runs, uint32_t run) {
  while (runs[run].parent != run) {
    runs[run].parent = runs[runs[run].parent].parent;
    run = runs[run].parent;
  }
  return run;
}

// The earlier root wins, so that a component's root is its first run in reading order.
void Connect(std::vector<Run>& runs, uint32_t a, uint32_t b) {
  a = Root(runs, a);
  b = Root(runs, b);
  runs[std::max(a, b)].parent = std::min(a, b);
}

void AppendRuns(const uint8_t* row, int width, int y, int background, std::vector<Run>& runs) {
  for (int x = 0; x < width;) {
    const int begin = x;
    const uint8_t label = row[begin];
    while (x < width && row[x] == label) ++x;
    if (label != background) {
      runs.push_back({begin, x, y, label, static_cast<uint32_t>(runs.size())});
    }
  }
}

// Connects the runs from `row` on with those of the row above, [above, row). With 8 neighbours runs
// also touch at a corner, so where one's end is the other's begin.
void ConnectRows(std::vector<Run>& runs, uint32_t above, uint32_t row) {
  uint32_t first = above;  // no earlier run reaches the run at hand or any to its right
  for (uint32_t run = row; run < runs.size(); ++run) {
    while (first < row && runs[first].end < runs[run].begin) ++first;
    for (uint32_t other = first; other < row && runs[other].begin <= runs[run].end; ++other) {
      if (runs[other].label == runs[run].label) Connect(runs, other, run);
    }
  }
}

// One side of a box grown by 3/40 (7.5 %) at both ends and clamped to the pixels 0 .. size - 1.
// In whole numbers, which truncates exactly as the rule says.
struct Interval {
  int first, last;  // both included
};
Interval Grow(int64_t begin, int64_t length, int64_t size) {
  const int64_t first = (40 * begin - 3 * length) / 40;
  const int64_t last = (40 * (begin + length) + 3 * length) / 40;
  return {static_cast<int>(std::max<int64_t>(first, 0)),
          static_cast<int>(std::min<int64_t>(last, size - 1))};
}

}  // namespace

std::vector<Box> ComponentBoxes(const LabelMap& label, int background) {
  std::vector<Run> runs;
  uint32_t above = 0;
  for (int y = 0; y < label.height(); ++y) {
    const uint32_t row = static_cast<uint32_t>(runs.size());
    AppendRuns(label.row(y), label.width(), y, background, runs);
    if (y > 0) ConnectRows(runs, above, row);
    above = row;
  }

  struct Extent {
    int left, right, top, bottom;
  };
  std::vector<Extent> extents;
  std::vector<uint32_t> extent_of(runs.size());  // valid at roots
  for (uint32_t i = 0; i < runs.size(); ++i) {
    const Run& run = runs[i];
    const uint32_t root = Root(runs, i);
    if (root == i) {
      extent_of[i] = static_cast<uint32_t>(extents.size());
      extents.push_back({run.begin, run.end, run.y, run.y + 1});
      continue;
    }
    Extent& extent = extents[extent_of[root]];
    extent.left = std::min(extent.left, run.begin);
    extent.right = std::max(extent.right, run.end);
    extent.bottom = run.y + 1;  // runs come in reading order
  }

  std::vector<Box> boxes;
  boxes.reserve(extents.size());
  for (const Extent& extent : extents) {
    boxes.push_back(
        {extent.left, extent.top, extent.right - extent.left, extent.bottom - extent.top});
  }
  return boxes;
}

std::vector<float> LossWeights(FrameSize size, std::span<const Box> instances) {
  std::vector<float> weights(size.pixels(), 1.0f);
  for (const Box& box : instances) {
    const Interval columns = Grow(box.x, box.width, size.width);
    const Interval rows = Grow(box.y, box.height, size.height);
    if (columns.first > columns.last) continue;
    for (int y = rows.first; y <= rows.last; ++y) {
      float* row = weights.data() + static_cast<size_t>(y) * static_cast<size_t>(size.width);
      std::fill(row + columns.first, row + columns.last + 1, kInstanceWeight);
    }
  }
  return weights;
}

}  // namespace shadowtutor::distill
