#include "nn/forward.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/parallel.h"
#include "nn/kernels/matrix_unit.h"
#include "nn/kernels/stem_composed.h"

namespace shadowtutor::nn {
namespace {

// The number of strips of rows that the tail is computed in. The result does not depend on it.
// With more strips, more threads can work, but neighbouring strips compute more rows twice.
int TailStrips(int rows) { return std::clamp(2 * MaxThreads(), 1, std::max(1, rows / 8)); }

// A block on the matrix unit. Its `pre` is not stored: whatever reads it computes it from `x`.
void ForwardOnMatrixUnit(const BlockWeights& w, BlockActivations& a, Scratch& scratch) {
  const int stride = w.shape.stride;
  const bool identity = w.shape.identity();
  ComputeNorm(a.x, w.scale, w.shift, a.statistics, scratch);
  const MatrixPass first = {
      .inputs = {MatrixInput{a.x, stride, Taps33(), &w.conv0_matrix, &a.statistics}},
      .output = a.mid1};
  ConvolveMatrix(std::span(&first, 1), {.bias = w.bias0.data(), .relu = true}, scratch);
  const MatrixPass last = {
      .inputs = {MatrixInput{a.mid1, 1, Taps33(), &w.long_matrix},
                 MatrixInput{a.x, stride, Taps11(), &w.short_matrix, &a.statistics}},
      .count = identity ? 1 : 2,
      .output = a.out};
  ConvolveMatrix(std::span(&last, 1),
                 {.bias = w.bias3.data(),
                  .bias_by_row = true,
                  .add = identity ? &a.x : nullptr,
                  .add_stride = stride},
                 scratch);
}

// The resize after the last block of dec1 or dec2.
void ResizeAfter(const BlockInfo& block, const View& out, ForwardWorkspace& ws) {
  if (!block.last_in_stage) return;
  if (block.stage == Stage::kDec1) {
    Resize(ws.dec1_up, out, ws.cat2.Channels(0, out.channels));
  } else if (block.stage == Stage::kDec2) {
    Resize(ws.dec2_up, out, ws.cat3.Channels(0, out.channels));
  }
}

}  // namespace

Levels::Levels(FrameSize frame) {
  height[0] = frame.height;
  width[0] = frame.width;
  for (int i = 1; i < 6; ++i) {
    height[i] = (height[i - 1] + 1) / 2;
    width[i] = (width[i - 1] + 1) / 2;
  }
}

View ForwardWorkspace::New(int channels, int level) {
  tensors_.emplace_back(channels, levels.height[level], levels.width[level]);
  return tensors_.back();
}

ForwardWorkspace::ForwardWorkspace(const NetworkSpec& spec, FrameSize size, Stage keep_from,
                                   Arithmetic arithmetic)
    : frame(size), levels(size), infos(BlocksOf(spec)) {
  const bool without_pre = arithmetic == Arithmetic::kFast && HasMatrixUnit();
  stem = New(spec.in_conv2, 2);
  cat2 = New(spec.dec1 + spec.enc2, 4);
  cat3 = New(spec.dec2 + spec.enc1, 3);
  // The outputs of stages.
  blocks.resize(infos.size());
  for (size_t i = 0; i < infos.size(); ++i) {
    const BlockInfo& info = infos[i];
    if (!info.last_in_stage) continue;
    blocks[i].out = info.stage == Stage::kEnc1   ? cat3.Channels(spec.dec2, spec.enc1)
                    : info.stage == Stage::kEnc2 ? cat2.Channels(spec.dec1, spec.enc2)
                                                 : New(info.out, info.out_level);
  }
  // Memory that the blocks of one level share, since their activations have the same sides. Outputs
  // of successive blocks inside a stage alternate between two tensors, because a block reads one
  // and writes the other.
  View shared_pre[6], shared_mid[6], shared_out[6][2];
  for (int level = 3; level <= 5; ++level) {
    int pre = 0, mid = 0, out[2] = {0, 0};
    for (const BlockInfo& info : infos) {
      if (info.stage >= keep_from) continue;
      if (info.in_level == level) pre = std::max(pre, info.in);
      if (info.out_level != level) continue;
      mid = std::max(mid, info.out);
      int& turn = out[info.index_in_stage % 2];
      if (!info.last_in_stage) turn = std::max(turn, info.out);
    }
    if (pre && !without_pre) shared_pre[level] = New(pre, level);
    if (mid) shared_mid[level] = New(mid, level);
    for (int turn = 0; turn < 2; ++turn) {
      if (out[turn]) shared_out[level][turn] = New(out[turn], level);
    }
  }
  View previous = stem;
  for (size_t i = 0; i < infos.size(); ++i) {
    const BlockInfo& info = infos[i];
    BlockActivations& b = blocks[i];
    const bool keep = info.stage >= keep_from;
    const int in = info.in, out = info.out;
    const bool first = info.index_in_stage == 0;
    b.x = first && info.stage == Stage::kDec2   ? cat2
          : first && info.stage == Stage::kDec3 ? cat3
                                                : previous;
    if (!info.last_in_stage) {
      b.out = keep ? New(out, info.out_level)
                   : shared_out[info.out_level][info.index_in_stage % 2].Channels(0, out);
    }
    if (keep) {
      if (!without_pre) b.pre = New(in, info.in_level);
      b.mid1 = New(out, info.out_level);
      if (arithmetic == Arithmetic::kReference) b.mid2 = New(out, info.out_level);
    } else {
      // The first block may overwrite the stem's output, unless its shortcut reads it too.
      const bool reads_stem = i == 0;
      b.pre = !reads_stem       ? shared_pre[info.in_level].Channels(0, in)
              : info.identity() ? New(in, info.in_level)
                                : b.x;
      b.mid1 = shared_mid[info.out_level].Channels(0, out);
    }
    b.statistics = NormStatistics(in);
    previous = b.out;
  }
  const auto& h = levels.height;
  const auto& w = levels.width;
  dec1_up = ResizePlan(h[5], w[5], h[4], w[4]);
  dec2_up = ResizePlan(h[4], w[4], h[3], w[3]);
  tail = TailPlan(h[3], w[3], h[1], w[1]);
  head = HeadPlan(h[1], w[1], h[0], w[0]);
}

void CheckFrame(ImageView frame) {
  if (frame.empty()) throw Error(ErrorCode::kInvalidArgument, "the frame is empty");
  if (frame.width > kMaxFrameSide || frame.height > kMaxFrameSide ||
      frame.size().pixels() > kMaxFramePixels) {
    throw Error(ErrorCode::kInvalidArgument,
                "a frame of " + std::to_string(frame.width) + "x" + std::to_string(frame.height) +
                    " is too large; shrink it to at most " + std::to_string(kMaxFrameSide) +
                    " a side and " + std::to_string(kMaxFramePixels) + " pixels");
  }
}

void ForwardStem(const PackedWeights& weights, ImageView frame, ForwardWorkspace& ws,
                 bool keep_rows) {
  StemForward(weights.stem(), frame, ws.stem, keep_rows ? &ws.stem_rows : nullptr, ws.scratch);
}

void ForwardComposedStem(const PackedWeights& weights, ImageView frame, ForwardWorkspace& ws) {
  StemForwardComposed(weights.stem().composed, frame, ws.stem, ws.scratch);
}

void ForwardBlock(const PackedWeights& weights, int block, ForwardWorkspace& ws) {
  const BlockWeights& w = weights.block(block);
  BlockActivations& a = ws.blocks[static_cast<size_t>(block)];
  if (w.long_matrix.outputs > 0) {
    ForwardOnMatrixUnit(w, a, ws.scratch);
    ResizeAfter(w.shape, a.out, ws);
    return;
  }
  NormRelu(a.x, w.scale, w.shift, a.pre, a.statistics, ws.scratch);
  if (w.shape.stride == 1) {
    ConvolveWinograd(a.pre, w.conv0_fast, a.mid1, {.bias = w.bias0.data(), .relu = true},
                     ws.scratch);
  } else {
    const ConvInput first[] = {{a.pre, w.shape.stride, Taps33(), &w.conv0}};
    Convolve(first, a.mid1, {.bias = w.bias0.data(), .relu = true});
  }
  const ConvInput shortcut = {a.pre, w.shape.stride, Taps11(), &w.short_path};
  const View* raw = w.shape.identity() ? &a.x : nullptr;
  if (w.composed) {
    if (!w.shape.identity()) Convolve(std::span(&shortcut, 1), a.out);
    ConvolveWinograd(a.mid1, w.long_fast, a.out,
                     {.bias = w.bias3.data(),
                      .bias_by_row = true,
                      .accumulate = !w.shape.identity(),
                      .add = raw,
                      .add_stride = w.shape.stride},
                     ws.scratch);
  } else {
    const ConvInput second[] = {{a.mid1, 1, Taps13(), &w.conv2}};
    Convolve(second, a.mid2, {.bias = w.bias2.data()});
    const ConvInput last[] = {{a.mid2, 1, Taps31(), &w.conv3}, shortcut};
    Convolve(std::span(last, w.shape.identity() ? 1 : 2), a.out,
             {.bias = w.bias3.data(), .add = raw, .add_stride = w.shape.stride});
  }
  ResizeAfter(w.shape, a.out, ws);
}

void ForwardLabels(const PackedWeights& weights, ForwardWorkspace& ws, uint8_t* labels) {
  // Rows of logits that are computed at once and then still are in the cache. The result does not
  // depend on it.
  constexpr int kRows = 8;
  const View& dec3 = ws.blocks.back().out;
  const ResizeAxis& rows = ws.head.resize.y;
  const int height = ws.frame.height, classes = weights.spec().classes;
  const int strips = TailStrips(height);
  const LogitPlanes some_logits = {nullptr, classes, kRows + 1, ws.levels.width[1]};
  const size_t tail_floats = (TailScratchFloats(ws.tail, weights.tail()) + 15) / 16 * 16;
  const size_t argmax_floats = ArgmaxScratchFloats(ws.head, classes);
  const size_t per_strip = tail_floats + (some_logits.floats() + argmax_floats + 15) / 16 * 16;
  ws.scratch.PrepareSlots(per_strip);
  ParallelFor(strips, [&](int s) {
    float* tail_scratch = ws.scratch.SlotFloats();
    LogitPlanes logits = some_logits;
    logits.data = tail_scratch + tail_floats;
    int y = ChunkBegin(height, strips, s);
    const int end = ChunkBegin(height, strips, s + 1);
    const int last = rows.high[static_cast<size_t>(end - 1)];
    int next = rows.low[static_cast<size_t>(y)];  // the next row of logits to compute
    int first = next;                             // the one that is the first of `logits`
    int resume = -1;
    while (y < end) {
      const int until = std::min((next / kRows + 1) * kRows, last + 1);
      resume =
          TailRows(ws.tail, weights.tail(), dec3, next, until, logits, first, tail_scratch, resume);
      next = until;
      const int y0 = y;
      while (y < end && rows.high[static_cast<size_t>(y)] < next) ++y;
      ArgmaxRows(ws.head, logits, first, y0, y, labels, logits.data + logits.floats());
      // The rows of the frame between this row and the next one come with the next.
      for (int c = 0; c < classes && first < next - 1; ++c) {
        std::copy_n(logits.row(c, next - 1 - first), logits.width, logits.row(c, 0));
      }
      first = next - 1;
    }
  });
}

void ForwardLogits(const PackedWeights& weights, ForwardWorkspace& ws, const LogitPlanes& logits) {
  const View& dec3 = ws.blocks.back().out;
  const int strips = TailStrips(logits.height);
  ws.scratch.PrepareSlots(TailScratchFloats(ws.tail, weights.tail()));
  ParallelFor(strips, [&](int s) {
    TailRows(ws.tail, weights.tail(), dec3, ChunkBegin(logits.height, strips, s),
             ChunkBegin(logits.height, strips, s + 1), logits, 0, ws.scratch.SlotFloats());
  });
}

void LabelsOf(const LogitPlanes& logits, ForwardWorkspace& ws, uint8_t* labels) {
  const int height = ws.frame.height, strips = TailStrips(height);
  ws.scratch.PrepareSlots(ArgmaxScratchFloats(ws.head, logits.classes));
  ParallelFor(strips, [&](int s) {
    ArgmaxRows(ws.head, logits, 0, ChunkBegin(height, strips, s), ChunkBegin(height, strips, s + 1),
               labels, ws.scratch.SlotFloats());
  });
}

}  // namespace shadowtutor::nn
