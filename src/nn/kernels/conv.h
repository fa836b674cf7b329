// Convolutions over blocked activations: forward, and with other weights backward to the input.
//
// One kernel serves them all: every output pixel is a sum over inputs, their taps (pixel offsets)
// and their channels. A 3x3 convolution is one input with nine taps; a block's last layer adds the
// shortcut as a second input; the gradient of a strided convolution is four kernels, one for each
// parity of the pixel's row and column.
#ifndef SHADOWTUTOR_NN_KERNELS_CONV_H_
#define SHADOWTUTOR_NN_KERNELS_CONV_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "nn/kernels/tensor.h"

namespace shadowtutor::nn {

/// Targets that were compiled in, and the one in force (Highway's bits).
int64_t CompiledTargets();
int64_t ActiveTarget();

/// Output channels that the kernel of the instruction set in force computes at a time.
int ConvTileWidth();

/// A tap reads the input `dy` rows and `dx` columns from the pixel that belongs to the output
/// pixel. (kh, kw) is the weight that it multiplies.
struct Tap {
  int dy = 0, dx = 0, kh = 0, kw = 0;
};

/// The taps of a kh x kw convolution with "same" padding.
std::vector<Tap> ForwardTaps(int kh, int kw);
/// The taps of its gradient to the input at stride 1: the same, mirrored.
std::vector<Tap> BackwardTaps(int kh, int kw);
/// The taps of the gradient to input pixels of one parity at stride 2 of a 3x3 (or 1x1)
/// convolution.
std::vector<Tap> BackwardTapsStride2(int kh, int kw, int parity_y, int parity_x);

/// Weights in the kernel's order, [tile][block][tap][channel in block][output in tile].
struct PackedConv {
  int outputs = 0;  // rounded up to blocks
  int inputs = 0;
  int taps = 0;
  Buffer weights;
};

/// Room for `taps` taps; fill it with Repack.
PackedConv MakePackedConv(int outputs, int inputs, int taps);
/// `oihw` is [out][in][kh][kw]. `transposed` swaps the roles: outputs are the convolution's inputs.
void Repack(std::span<const float> oihw, int out, int in, int kh, int kw, std::span<const Tap> taps,
            bool transposed, PackedConv& packed);
/// The same into `to`, which holds as many floats as such a PackedConv.
void Repack(std::span<const float> oihw, int out, int in, int kh, int kw, std::span<const Tap> taps,
            bool transposed, float* to);

struct ConvInput {
  View view;
  int stride = 1;  // input pixels per output pixel, 1 or 2
  std::span<const Tap> taps;
  const PackedConv* weights = nullptr;
};

/// Where the result goes: every `step`-th pixel and row from (y0, x0) on.
struct ConvOutput {
  View view;
  int y0 = 0, x0 = 0, step = 1;
  int height = 0, width = 0;  // pixels written

  ConvOutput() = default;
  ConvOutput(const View& whole)  // NOLINT: a view is an output
      : view(whole), height(whole.height), width(whole.width) {}
};

struct ConvExtras {
  const float* bias = nullptr;  // Blocks(channels) * 16 floats
  const View* add = nullptr;    // added to the sum, `add_stride` pixels per output pixel
  int add_stride = 1;
  const View* positive = nullptr;  // result kept only where this is > 0 (ReLU's gradient)
  bool relu = false;
};

/// One row of `pixels` pixels through a 1x1 convolution, without bias: `in` is [input /
/// 16][pixels][16], `out` likewise, `weights` as in PackedConv with one tap. For kernels that are
/// built on this one.
void PointwiseRow(const float* in, int inputs, const float* weights, int outputs, int pixels,
                  float* out);

/// Whole output, rows in parallel. `add` and `positive` are addressed like the output, and must not
/// share floats with it.
void Convolve(std::span<const ConvInput> inputs, const ConvOutput& output,
              const ConvExtras& extras = {});

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_CONV_H_
