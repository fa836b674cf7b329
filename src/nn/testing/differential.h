// The kernels against plain loops in double: cases drawn from a seed, or from a fuzzer's bytes,
// with the shapes that vector code gets wrong (one pixel, one row, one column, odd sides, channels
// that fill no vector). One function per kernel family. Tests and fuzzers only.
//
// Errors are shares of the largest sum of absolute terms in the tensor, which is what rounding
// goes by: where terms cancel, a small result has no small error, and a fuzzer would find that.
#ifndef SHADOWTUTOR_NN_TESTING_DIFFERENTIAL_H_
#define SHADOWTUTOR_NN_TESTING_DIFFERENTIAL_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "nn/kernels/conv.h"
#include "nn/kernels/tensor.h"
#include "nn/testing/random_data.h"
#include "nn/testing/reference_ops.h"

namespace shadowtutor::nn::differential {

using DoubleTensor = reference::Tensor<double>;

/// Where a case's shape and values come from. Choices take the fuzzer's bytes as long as there are
/// any; all else is drawn at random, from a seed that those bytes give.
class Draw {
 public:
  explicit Draw(uint64_t seed) : random_(seed) {}
  explicit Draw(std::span<const uint8_t> bytes);

  /// In [low, high], fewer than 256 values.
  int Choice(int low, int high);
  bool Coin() { return Choice(0, 1) == 1; }
  /// A side of at most `most` pixels, often a very short one.
  int Side(int most);
  /// A side that a stride leaves `side` of.
  int SideBefore(int side, int stride) { return stride * side - (stride == 2 ? Choice(0, 1) : 0); }
  /// Values that a float holds: uniform, mostly zeros, far from zero, or of many magnitudes.
  std::vector<double> Values(size_t count);
  DoubleTensor Tensor(int channels, int height, int width);
  RandomData& random() { return random_; }

 private:
  std::span<const uint8_t> bytes_;
  RandomData random_;
};

/// What a case came to.
struct Outcome {
  std::string shape;      // in words
  double error = 0;       // of the worst tensor
  std::string tensor;     // its name
  std::string violation;  // the first promise that was broken, or empty

  /// `magnitudes` holds sums of absolute terms, one for each value.
  void Compare(const char* name, std::span<const float> values, std::span<const double> expected,
               std::span<const double> magnitudes);
  void Require(bool holds, const std::string& promise);
};

/// Activations in the middle of others, as in a concatenation: before and after them lie blocks
/// that nobody may read or write.
class Guarded {
 public:
  /// Every value NaN, to be overwritten; the halo and the channels that fill up a block are zero.
  Guarded(int channels, int height, int width);
  explicit Guarded(const DoubleTensor& values);

  const View& view() const { return view_; }
  operator const View&() const { return view_; }  // NOLINT: as Tensor
  std::vector<float> Values() const;
  /// Compares the values, and requires that halo, filling channels and neighbours are untouched.
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

Outcome Convolution(Draw& draw);
Outcome ConvolutionToInput(Draw& draw);
Outcome Winograd(Draw& draw);
Outcome WeightGradient(Draw& draw);
Outcome Norm(Draw& draw);
Outcome Resizing(Draw& draw);
Outcome Stem(Draw& draw);
Outcome Tail(Draw& draw);
Outcome LabelsAndLoss(Draw& draw);
Outcome Adam(Draw& draw);

struct Family {
  const char* name;
  Outcome (*run)(Draw& draw);
  double bound;  // of Outcome::error
};
std::span<const Family> Families();

/// The family's case on the instruction set in force.
Outcome Run(const Family& family, Draw& draw);

/// The sentence to print where the outcome breaks a promise or the bound, else empty.
std::string Complaint(const Family& family, const Outcome& outcome);

}  // namespace shadowtutor::nn::differential

#endif  // SHADOWTUTOR_NN_TESTING_DIFFERENTIAL_H_
