// Compares the kernels with plain loops in double. Cases are drawn from a seed or from a fuzzer's
// bytes and favour shapes that vector code often gets wrong (one pixel, one row, one column, odd
// sides, channels that do not fill a vector). There is one function per kernel family. For tests
// and fuzzers only.
//
// Errors are relative to the largest sum of absolute terms in the tensor, because rounding errors
// grow with that sum. Relative to the result they could be large wherever terms cancel.
#ifndef SHADOWTUTOR_NN_TESTING_DIFFERENTIAL_H_
#define SHADOWTUTOR_NN_TESTING_DIFFERENTIAL_H_

#include <cstdint>
#include <iosfwd>
#include <span>
#include <string>
#include <vector>

#include "nn/kernels/conv.h"
#include "nn/kernels/tensor.h"
#include "nn/testing/random_data.h"
#include "nn/testing/reference_ops.h"

namespace shadowtutor::nn::differential {

using DoubleTensor = reference::Tensor<double>;

/// The source of a case's shape and values. Choices use up the fuzzer's bytes; when there are none
/// left, and for values, random numbers are drawn, whose seed is a hash of the bytes.
class Draw {
 public:
  explicit Draw(uint64_t seed) : random_(seed) {}
  explicit Draw(std::span<const uint8_t> bytes);

  /// A number in [low, high], which has at most 255 values.
  int Choice(int low, int high);
  bool Coin() { return Choice(0, 1) == 1; }
  /// A side of at most `most` pixels, often a very short one.
  int Side(int most);
  /// A side of an input that has the side `side` after a convolution with this stride.
  int SideBefore(int side, int stride) { return stride * side - (stride == 2 ? Choice(0, 1) : 0); }
  /// Values that a float can hold: uniform, mostly zeros, far from zero, or of many magnitudes.
  std::vector<double> Values(size_t count);
  DoubleTensor Tensor(int channels, int height, int width);
  RandomData& random() { return random_; }

 private:
  std::span<const uint8_t> bytes_;
  RandomData random_;
};

/// The result of a case.
struct Outcome {
  std::string shape;      // a description of the shape
  double error = 0;       // the largest error of all tensors
  std::string tensor;     // the name of the tensor with this error
  std::string violation;  // the first requirement that was not met, or empty

  /// Compares a tensor with its expected values. `magnitudes` holds the sum of absolute terms of
  /// each value.
  void Compare(const char* name, std::span<const float> values, std::span<const double> expected,
               std::span<const double> magnitudes);
  void Require(bool holds, const std::string& promise);
};

/// Activations between blocks of other activations, as in a concatenation. A kernel must neither
/// read nor write those.
class Guarded {
 public:
  /// Every value is NaN, for a kernel to overwrite. The halo and the unused channels of the last
  /// block are zero.
  Guarded(int channels, int height, int width);
  explicit Guarded(const DoubleTensor& values);

  const View& view() const { return view_; }
  operator const View&() const { return view_; }  // NOLINT: as Tensor
  std::vector<float> Values() const;
  /// Compares the values, and requires that the halo, the unused channels and the neighbours are
  /// unchanged.
  void CompareTo(const char* name, const DoubleTensor& expected, const DoubleTensor& magnitudes,
                 Outcome& outcome) const;

 private:
  nn::Tensor all_;
  View view_;
};

std::vector<float> Floats(std::span<const double> values);
std::vector<double> Magnitudes(std::span<const double> values);
DoubleTensor Magnitudes(const DoubleTensor& tensor);
PackedConv Pack(std::span<const double> oihw, int out, int in, int kh, int kw,
                std::span<const Tap> taps, bool transposed);

/// The number of weights of a convolution, and its description.
size_t WeightCount(const reference::ConvShape& shape);
std::ostream& operator<<(std::ostream& stream, const reference::ConvShape& shape);

Outcome Convolution(Draw& draw);
Outcome ConvolutionToInput(Draw& draw);
Outcome Winograd(Draw& draw);
Outcome WeightGradient(Draw& draw);
Outcome WinogradGradient(Draw& draw);
Outcome Composition(Draw& draw);
Outcome MatrixConvolution(Draw& draw);
Outcome MatrixToInput(Draw& draw);
Outcome MatrixGradient(Draw& draw);
Outcome MatrixProduct(Draw& draw);
Outcome Norm(Draw& draw);
Outcome Resizing(Draw& draw);
Outcome Stem(Draw& draw);
Outcome ComposedStemOfSize(Draw& draw, int width, int height);
Outcome StemComposed(Draw& draw);
Outcome Tail(Draw& draw);
Outcome LabelsAndLoss(Draw& draw);
Outcome Adam(Draw& draw);

struct Family {
  const char* name;
  Outcome (*run)(Draw& draw);
  double bound;  // of Outcome::error
};
std::span<const Family> Families();

/// Runs the family's case on the instruction set in use.
Outcome Run(const Family& family, Draw& draw);

/// The sentence to print when the outcome has a violation or exceeds the bound, else an empty text.
std::string Complaint(const Family& family, const Outcome& outcome);

}  // namespace shadowtutor::nn::differential

#endif  // SHADOWTUTOR_NN_TESTING_DIFFERENTIAL_H_
