#include "distill/loss_weights.h"

#include <algorithm>
#include <cstdint>

namespace shadowtutor::distill {
namespace {

// A run: pixels [begin, end) of row y, all of one class. Runs of one component form a tree.
struct Run {
  int begin, end, y;
  uint8_t label;
  uint32_t parent;  // index of another run of the same component; the root has its own index
};

// The index of the root of a run's component. Shortens the path to it, so that later calls are
// fast.
uint32_t Root(std::vector<Run>& runs, uint32_t run) {
  while (runs[run].parent != run) {
    runs[run].parent = runs[runs[run].parent].parent;
    run = runs[run].parent;
  }
  return run;
}

// Joins the components of runs a and b. The earlier root becomes the root of both, so that a
// component's root is its first run in reading order.
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

// Connects the runs from index `row` on with those of the row above, which have the indices [above,
// row). With 8 neighbours, runs touch at a corner when the end of one is the begin of the other.
void ConnectRows(std::vector<Run>& runs, uint32_t above, uint32_t row) {
  uint32_t first = above;  // runs before this one touch neither the current run nor a later one
  for (uint32_t run = row; run < runs.size(); ++run) {
    while (first < row && runs[first].end < runs[run].begin) ++first;
    for (uint32_t other = first; other < row && runs[other].begin <= runs[run].end; ++other) {
      if (runs[other].label == runs[run].label) Connect(runs, other, run);
    }
  }
}

// One axis of a box, grown by 3/40 (7.5 %) at both ends and clamped to the pixels 0 .. size - 1.
// Integer arithmetic truncates exactly as the rule demands.
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
  std::vector<uint32_t> extent_of(runs.size());  // meaningful only at the indices of roots
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
    extent.bottom = run.y + 1;  // runs come in reading order, so the last one is the lowest
  }

  std::vector<Box> boxes;
  boxes.reserve(extents.size());
  for (const Extent& extent : extents) {
    boxes.push_back(
        {extent.left, extent.top, extent.right - extent.left, extent.bottom - extent.top});
  }
  return boxes;
}

std::vector<float> LossWeights(FrameSize size, std::span<const Box> instances,
                               float instance_weight) {
  std::vector<float> weights(size.pixels(), 1.0f);
  for (const Box& box : instances) {
    const Interval columns = Grow(box.x, box.width, size.width);
    const Interval rows = Grow(box.y, box.height, size.height);
    if (columns.first > columns.last) continue;
    for (int y = rows.first; y <= rows.last; ++y) {
      float* row = weights.data() + static_cast<size_t>(y) * static_cast<size_t>(size.width);
      std::fill(row + columns.first, row + columns.last + 1, instance_weight);
    }
  }
  return weights;
}

}  // namespace shadowtutor::distill
