// Convolutions over blocked activations (tensor.h): the forward pass, and with transposed weights
// the gradient with respect to the input.
//
// One kernel computes all of them: every output pixel is a sum over inputs, their taps (pixel
// offsets) and their channels. A 3x3 convolution is one input with nine taps. A block's last layer
// has the shortcut as a second input. The gradient of a strided convolution is computed by four
// calls, one for each parity of the pixel's row and column.
//
// Thread safety of all kernels: any thread, as long as outputs and Scratch are not shared.
#ifndef SHADOWTUTOR_NN_KERNELS_CONV_H_
#define SHADOWTUTOR_NN_KERNELS_CONV_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "nn/kernels/tensor.h"

namespace shadowtutor::nn {

/// The instruction sets that were compiled in, and the one in use, as Highway's target bits.
int64_t CompiledTargets();
int64_t ActiveTarget();

/// The number of output channels that the kernel computes at a time with the instruction set in
/// use.
int ConvTileWidth();

/// One term of a convolution: the weight at (kh, kw) times the input pixel that lies `dy` rows and
/// `dx` columns from the position of the output pixel.
struct Tap {
  int dy = 0, dx = 0, kh = 0, kw = 0;
};

/// The taps of a kh x kw convolution with "same" padding.
std::vector<Tap> ForwardTaps(int kh, int kw);
/// The taps of the gradient with respect to the input at stride 1: the same, mirrored.
std::vector<Tap> BackwardTaps(int kh, int kw);
/// The taps of the gradient with respect to the input of a 3x3 or 1x1 convolution at stride 2, for
/// the input pixels whose row and column have the given parities (0 or 1).
std::vector<Tap> BackwardTapsStride2(int kh, int kw, int parity_y, int parity_x);

/// Weights in the kernel's order: [tile of outputs][block of inputs][tap][channel in block][output
/// in tile].
struct PackedConv {
  int outputs = 0;  // rounded up to blocks
  int inputs = 0;
  int taps = 0;
  Buffer weights;
};

/// The floats of packed weights, at most: with the inputs rounded up to blocks, too.
constexpr size_t PackedFloats(int outputs, int inputs, int taps) {
  return static_cast<size_t>(Blocks(outputs) * kBlock) *
         static_cast<size_t>(Blocks(inputs) * kBlock) * static_cast<size_t>(taps);
}
/// Allocates packed weights; fill them with Repack.
PackedConv MakePackedConv(int outputs, int inputs, int taps);
/// Packs the weights `oihw`, [out][in][kh][kw]. With `transposed`, the outputs of the packed kernel
/// are the inputs of the convolution and the other way round, as gradients need.
void Repack(std::span<const float> oihw, int out, int in, int kh, int kw, std::span<const Tap> taps,
            bool transposed, PackedConv& packed);
/// Packs into `to`, which has room for as many floats as the PackedConv would have.
void Repack(std::span<const float> oihw, int out, int in, int kh, int kw, std::span<const Tap> taps,
            bool transposed, float* to);

struct ConvInput {
  View view;
  int stride = 1;  // input pixels per output pixel, 1 or 2
  std::span<const Tap> taps;
  const PackedConv* weights = nullptr;
};

/// The pixels to write: from (y0, x0) on, every `step`-th pixel of every `step`-th row.
struct ConvOutput {
  View view;
  int y0 = 0, x0 = 0, step = 1;
  int height = 0, width = 0;  // number of rows and columns that are written

  ConvOutput() = default;
  ConvOutput(const View& whole)  // NOLINT: a view is an output
      : view(whole), height(whole.height), width(whole.width) {}
};

/// What is done after the sum, in this order: bias, `add`, `relu`, `positive`.
struct ConvExtras {
  const float* bias = nullptr;     // Blocks(channels) * 16 floats
  const View* add = nullptr;       // added to the sum
  int add_stride = 1;              // pixels of `add` per output pixel
  const View* positive = nullptr;  // the result becomes 0 where this is <= 0 (gradient of a ReLU)
  bool relu = false;
};

/// A 1x1 convolution, without bias, of one row of `pixels` pixels. `in` and `out` are [channel /
/// 16][pixels][16], `weights` is as in a PackedConv with one tap. For use in other kernels.
void PointwiseRow(const float* in, int inputs, const float* weights, int outputs, int pixels,
                  float* out);

/// Computes the whole output, its rows in parallel. `extras.add` and `extras.positive` must not
/// share floats with the output; `positive` has the output's layout.
void Convolve(std::span<const ConvInput> inputs, const ConvOutput& output,
              const ConvExtras& extras = {});

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_KERNELS_CONV_H_
