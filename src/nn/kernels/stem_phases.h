// Rows of the frame as the composed stem reads them: its stride of 4 makes every fourth column a
// neighbour. Internal to the composed stem.
#ifndef SHADOWTUTOR_NN_KERNELS_STEM_PHASES_H_
#define SHADOWTUTOR_NN_KERNELS_STEM_PHASES_H_

#include <algorithm>
#include <array>
#include <cstddef>

#include "nn/kernels/stem_composition.h"
#include "shadowtutor/types.h"

namespace shadowtutor::nn {

/// Phase p of a row holds its columns 4 x + p.
inline constexpr int kStemPhases = 4;
/// The number of floats before the window's first column of a phase, of which the last one is read.
inline constexpr int kPhaseMargin = 16;

/// The taps of one row of the kernel that read a row of the frame: [column][B, G, R].
inline constexpr int kStemRowTaps = 3 * kStemTaps;

/// The shapes of the frame, of the output, and of windows of the output's columns, for each of
/// which rows of the frame are converted by themselves: as few floats as fit into the first-level
/// cache.
struct ComposedStemShape {
  ComposedStemShape(FrameSize frame, int most_columns);

  int height0, width0;  // of the frame
  int height, width;    // of the output
  /// If in_conv2 reads padding below (to the right of) the last row (column).
  bool pads_below, pads_right;
  /// If the frame has 4 n + 2 rows (columns), so that its last one is read through kStemEdgeTap.
  bool edge_row, edge_column;
  int columns;  // of a window; the last window may have fewer
  int windows;
  size_t phase;    // floats of one phase, which begin kPhaseMargin before the window
  size_t row;      // floats of a row: [B, G, R][phase], and then the edge's values
  size_t edge_at;  // where in a row the B, G and R values of its last column are, if edge_column
  /// Where in a row the taps read for the window's first column.
  std::array<size_t, kStemRowTaps> taps;

  int RowKind(int y) const { return (y == 0 ? 1 : 0) | (pads_below && y == height - 1 ? 2 : 0); }
  int ColumnKind(int x) const { return (x == 0 ? 1 : 0) | (pads_right && x == width - 1 ? 2 : 0); }
  int WindowBegin(int window) const { return window * columns; }
  int WindowColumns(int window) const { return std::min(columns, width - WindowBegin(window)); }
  /// True if the window's last column is read through kStemEdgeTap.
  bool EdgeColumnIn(int window) const { return edge_column && window == windows - 1; }
  /// The row of the frame that output row y reads through row k of the kernel; negative for
  /// padding.
  int InputRow(int y, int k) const {
    const int row = 4 * y - 3 + k;
    return row < height0 ? row : -1;
  }
  /// The row of the composed kernel that stands for row k at output row y.
  int RowTap(int y, int k) const {
    return edge_row && k == kStemEdgeReplaced && y == height - 1 ? kStemEdgeTap : k;
  }
};

/// What one row of the output is computed from.
struct ComposedRow {
  const float* in[kStemTaps];       // the rows of the frame, from SplitPhases
  const float* weights[kStemTaps];  // the kernel's row for each of them
  int count;                        // the number of those; the others are padding
  const size_t* taps;               // as in ComposedStemShape
  int channels, columns;            // of the output, and of the window
};

/// Output rows whose share of the weights' gradient is summed in one pass, so that sums are loaded
/// and stored less often.
inline constexpr int kMostGradientRows = 2;
/// Rows of the output's gradient, and the rows of the frame that one row of the kernel reads there.
struct ComposedGradientRows {
  const float* in[kMostGradientRows];  // from SplitPhases
  const float* g[kMostGradientRows];   // [channel][g_stride]
  int count;
  size_t g_stride;
  const size_t* taps;     // as in ComposedStemShape
  size_t edge_at;         // as in ComposedStemShape; 0 if no column is read through kStemEdgeTap
  int channels, columns;  // of the output, and of the window
};

/// Converts what a window reads of row y of the frame to floats and subtracts the mean: [B, G,
/// R][phase][shape.phase]. Padding is zero, and so are up to 15 floats past the window. Where
/// shape.EdgeColumnIn(window), zero stands for the values of the frame's last column, and the
/// values follow at shape.edge_at.
void SplitPhases(ImageView frame, int y, int window, const ComposedStemShape& shape, float* out);

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_STEM_PHASES_H_
