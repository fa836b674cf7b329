#include "nn/kernels/loss.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/parallel.h"
#include "nn/kernels/head_rows.h"
#include "nn/kernels/loss_resize.h"
#include "nn/kernels/loss_rows.h"
#include "shadowtutor/types.h"

namespace shadowtutor::nn {
namespace {

// The frame's pixels that count, with their labels and weights.
struct FrameTruth {
  const uint8_t* label;
  const float* weight;  // null: all 1
  int width, height;
  PixelSample sample;

  int Columns() const { return (width - sample.dx + sample.stride - 1) / sample.stride; }
  int Rows() const { return (height - sample.dy + sample.stride - 1) / sample.stride; }
};

// Prepares the rows of a frame for the kernels, in working memory of Floats() floats.
class RowReader {
 public:
  RowReader(const HeadPlan& plan, const LogitPlanes& logits, const FrameTruth& truth)
      : plan_(plan),
        truth_(truth),
        plane_(logits.plane()),
        classes_(logits.classes),
        half_width_(plan.resize.x.in),
        step_(MarginRow(half_width_)),
        full_(FullRow(truth.width)),
        blended_floats_(2 * Classes() * step_),
        enlarged_floats_(plan.doubled ? 0 : Classes() * full_) {}

  size_t Floats() const { return 32 * Classes() + blended_floats_ + enlarged_floats_ + 2 * full_; }
  void UseMemory(float* floats) {
    exponents_ = floats;
    blended_ = exponents_ + 32 * Classes();
    enlarged_ = blended_ + blended_floats_;
    weights_ = enlarged_ + enlarged_floats_;
    labels_ = reinterpret_cast<uint8_t*>(weights_ + full_);
    // What the kernels read past a row's end has weight 0 and is finite.
    std::fill_n(enlarged_, enlarged_floats_ + 2 * full_, 0.0f);
    if (!truth_.weight) std::fill_n(weights_, truth_.width, 1.0f);
  }
  void Blend(const RowGroup& group) const {
    BlendGroup(group, plane_, classes_, half_width_, step_, blended_);
  }
  // Row `i` of the group that was blended last. Valid until the next call.
  PixelRow Row(const RowGroup& group, int i) const {
    const auto width = static_cast<size_t>(truth_.width);
    const size_t at = static_cast<size_t>(group.y[i]) * width;
    const float* blended = blended_ + static_cast<size_t>(i) * Classes() * step_;
    PixelRow row = {.logits = blended,
                    .step = step_,
                    .classes = classes_,
                    .doubled = plan_.doubled,
                    .width = truth_.width,
                    .stride = truth_.sample.stride,
                    .first = truth_.sample.dx,
                    .label = truth_.label + at,
                    .weight = truth_.weight ? truth_.weight + at : weights_,
                    .exponents = exponents_};
    if (!plan_.doubled) {
      EnlargeRow(plan_.columns, blended, step_, classes_, full_, enlarged_);
      row.logits = enlarged_;
      row.step = full_;
    }
    if (width % 32 != 0) {
      std::memcpy(labels_, row.label, width);
      row.label = labels_;
      if (truth_.weight) std::memcpy(weights_, row.weight, width * sizeof(float));
      row.weight = weights_;
    }
    return row;
  }

 private:
  size_t Classes() const { return static_cast<size_t>(classes_); }

  const HeadPlan& plan_;
  const FrameTruth& truth_;
  size_t plane_;
  int classes_, half_width_;
  size_t step_, full_, blended_floats_, enlarged_floats_;
  float* exponents_ = nullptr;
  float* blended_ = nullptr;   // [row of the group][class][step]
  float* enlarged_ = nullptr;  // [class][full], unless doubled
  float* weights_ = nullptr;
  uint8_t* labels_ = nullptr;
};

// What the soft Jaccard loss needs to know of the whole frame before the gradient of a pixel can be
// computed.
struct Jaccard {
  double loss = 0;  // already times its weight
  std::array<float, kMaxClasses> other = {}, more = {};
};

// The sums over the frame, then the loss and its slopes: with I the sum of a class's probability
// where it is the label and U = (sum of its probability) + (pixels of the label) - I, the loss is
// the mean of 1 - I / U over the classes that the label has.
Jaccard SumUp(const HeadPlan& plan, const LogitPlanes& logits, const FrameTruth& truth,
              float jaccard_weight, Scratch& scratch) {
  const ResizeAxis& axis = plan.resize.y;
  const int chunks = SumChunks(axis.in);
  const auto classes = static_cast<size_t>(logits.classes), entries = 3 * classes;
  const RowReader layout(plan, logits, truth);
  scratch.PrepareSlots(layout.Floats() + 16 * entries);
  // [chunk][probability, of label, pixels of label][class]
  double* sums = scratch.Doubles(entries * static_cast<size_t>(chunks));
  ParallelFor(chunks, [&](int chunk) {
    float* lanes = scratch.SlotFloats();
    RowReader reader = layout;
    reader.UseMemory(lanes + 16 * entries);
    double* total = sums + entries * static_cast<size_t>(chunk);
    std::fill_n(total, entries, 0.0);
    // The rows that are blended from these rows of logits and the ones below.
    const int begin = ChunkBegin(axis.in, chunks, chunk);
    const int end = ChunkBegin(axis.in, chunks, chunk + 1);
    ForEachGroup(axis, logits, 0, truth.sample.stride, truth.sample.dy,
                 axis.first[static_cast<size_t>(begin)], axis.last[static_cast<size_t>(end - 1)],
                 [&](const RowGroup& group) {
                   if (group.low < begin || group.low >= end) return;
                   reader.Blend(group);
                   for (int i = 0; i < group.count; ++i) {
                     AddProbabilitySums(reader.Row(group, i), lanes, total);
                   }
                 });
  });
  for (int chunk = 1; chunk < chunks; ++chunk) {
    for (size_t k = 0; k < entries; ++k) sums[k] += sums[entries * static_cast<size_t>(chunk) + k];
  }
  const double* probability = sums;
  const double* overlap = sums + classes;
  const double* pixels = sums + 2 * classes;
  const auto present = std::count_if(pixels, pixels + classes, [](double n) { return n > 0; });
  Jaccard jaccard;
  for (size_t c = 0; c < classes; ++c) {
    if (!(pixels[c] > 0)) continue;
    const double weight = static_cast<double>(jaccard_weight) / static_cast<double>(present);
    const double united = probability[c] + pixels[c] - overlap[c];
    const double other = weight * overlap[c] / (united * united);
    jaccard.loss += weight * (1 - overlap[c] / united);
    jaccard.other[c] = static_cast<float>(other);
    jaccard.more[c] = static_cast<float>(-weight / united - other);
  }
  return jaccard;
}

// The transpose of enlarging a row to any width, for the columns that count: from[class][full] to
// to[class][step], with margins.
void Shrink(const ResizeAxis& axis, const FrameTruth& truth, int classes, const float* from,
            size_t full, size_t step, float* to) {
  const auto columns = static_cast<size_t>(truth.Columns());
  for (int c = 0; c < classes; ++c, from += full, to += step) {
    std::fill_n(to, step, 0.0f);
    float* half = to + kMargin;
    for (size_t k = 0; k < columns; ++k) {
      const size_t x =
          k * static_cast<size_t>(truth.sample.stride) + static_cast<size_t>(truth.sample.dx);
      half[axis.low[x]] += (1.0f - axis.fraction[x]) * from[k];
      half[axis.high[x]] += axis.fraction[x] * from[k];
    }
  }
}

// Adds the gradients of groups to the rows [begin, end) of the logits' gradient, from above to
// below.
class GradientRows {
 public:
  GradientRows(const LogitPlanes& gradient, int begin, int end)
      : gradient_(gradient), begin_(begin), end_(end), next_(begin) {}

  void Add(const RowGroup& group, GroupGradient rows) {
    rows.plane = gradient_.plane();
    if (group.low != group.high) {
      for (int i = 0; i < group.count; ++i) {
        rows.low_weight[i] = 1.0f - group.fraction[i];
        rows.high_weight[i] = group.fraction[i];
      }
      rows.low = Row(group.low, rows.start_low);
      rows.high = Row(group.high, rows.start_high);
      AddHalved(rows);
      return;
    }
    // The frame's last rows, where both are the same one.
    rows.high = nullptr;
    rows.count = 1;
    for (int i = 0; i < group.count; ++i) {
      rows.rows[0] = rows.rows[i];
      for (const float weight : {1.0f - group.fraction[i], group.fraction[i]}) {
        rows.low_weight[0] = weight;
        rows.low = Row(group.low, rows.start_low);
        AddHalved(rows);
      }
    }
  }
  // Sets the rows that no group was added to.
  void Finish() {
    for (; next_ < end_; ++next_) Clear(next_);
  }

 private:
  void Clear(int row) {
    for (int c = 0; c < gradient_.classes; ++c) {
      std::fill_n(gradient_.row(c, row), gradient_.width, 0.0f);
    }
  }
  // Row `row` of class 0; null if it is not among these. `start`: nothing was added to it yet.
  float* Row(int row, bool& start) {
    start = row >= next_;
    if (row < begin_ || row >= end_) return nullptr;
    for (; next_ < row; ++next_) Clear(next_);
    next_ = std::max(next_, row + 1);
    return gradient_.row(0, row);
  }

  const LogitPlanes& gradient_;
  int begin_, end_;
  int next_;  // the first row that nothing was added to, nor to any below
};

}  // namespace

PixelSample SampleOf(const LossOptions& options, int64_t step) {
  if (options.pixel_stride == 1) return {};
  // Each step's pixels touch those of the step before by their corners or sides, so that two
  // steps see every second pixel, and four see all.
  constexpr PixelSample kSteps[] = {{2, 0, 0}, {2, 1, 1}, {2, 1, 0}, {2, 0, 1}};
  // Each round of four begins one later, so that every second or third step sees all of them, too:
  // the steps between may be on other frames.
  return kSteps[(step + step / 4) % 4];
}

double SegmentationLoss(const HeadPlan& plan, const LogitPlanes& logits, const uint8_t* label,
                        const float* pixel_weight, float jaccard_weight, PixelSample sample,
                        const LogitPlanes& gradient, Scratch& scratch) {
  if (sample.dx >= plan.width() || sample.dy >= plan.height()) sample = {};
  const FrameTruth truth = {label, pixel_weight, plan.width(), plan.height(), sample};
  Jaccard jaccard;
  if (jaccard_weight > 0) jaccard = SumUp(plan, logits, truth, jaccard_weight, scratch);
  const JaccardSlopes slopes = {jaccard.other.data(), jaccard.more.data()};
  const auto classes = static_cast<size_t>(logits.classes);
  const size_t pixels = static_cast<size_t>(truth.Columns()) * static_cast<size_t>(truth.Rows());
  const int half_width = plan.resize.x.in;
  const ResizeAxis& axis = plan.resize.y;
  const size_t step = MarginRow(half_width), full = FullRow(plan.width());
  // Doubled: the gradients of a group's rows; else that of one row, and those of all at half
  // resolution.
  const size_t row_floats = plan.doubled ? 2 * classes * step : classes * step;
  const size_t any_floats = plan.doubled ? 0 : classes * full;
  const RowReader layout(plan, logits, truth);
  scratch.PrepareSlots(layout.Floats() + 2 * row_floats + any_floats);
  double* row_loss = scratch.Doubles(static_cast<size_t>(plan.height()));
  const int chunks = SumChunks(axis.in);
  // A task computes the gradient of some rows of logits. Rows of the frame that two tasks need are
  // computed by both.
  ParallelFor(chunks, [&](int chunk) {
    float* memory = scratch.SlotFloats();
    float* any = memory + 2 * row_floats;
    RowReader reader = layout;
    reader.UseMemory(any + any_floats);
    std::fill_n(memory, 2 * row_floats, 0.0f);  // the margins, and columns that do not count
    const int begin = ChunkBegin(axis.in, chunks, chunk);
    const int end = ChunkBegin(axis.in, chunks, chunk + 1);
    GradientRows gradients(gradient, begin, end);
    ForEachGroup(axis, logits, 0, sample.stride, sample.dy, axis.first[static_cast<size_t>(begin)],
                 axis.last[static_cast<size_t>(end - 1)], [&](const RowGroup& group) {
                   reader.Blend(group);
                   GroupGradient rows = {.classes = logits.classes,
                                         .half_width = half_width,
                                         .count = group.count,
                                         .doubled = plan.doubled,
                                         .stride = sample.stride,
                                         .first = sample.dx,
                                         .rows = {memory, memory + row_floats},
                                         .step = step};
                   for (int i = 0; i < group.count; ++i) {
                     const RowLoss to = {1.0f / static_cast<float>(pixels),
                                         plan.doubled ? rows.rows[i] : any,
                                         jaccard_weight > 0 ? &slopes : nullptr};
                     const double loss = LossOfRow(reader.Row(group, i), to);
                     if (group.low >= begin && group.low < end) row_loss[group.y[i]] = loss;
                     if (!plan.doubled) {
                       Shrink(plan.resize.x, truth, logits.classes, any, full, step, rows.rows[i]);
                     }
                   }
                   gradients.Add(group, rows);
                 });
    gradients.Finish();
  });
  double loss = 0;
  for (int y = sample.dy; y < plan.height(); y += sample.stride) loss += row_loss[y];
  return loss / static_cast<double>(pixels) + jaccard.loss;
}

}  // namespace shadowtutor::nn
