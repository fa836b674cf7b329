#include "nn/testing/differential.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>

#include "nn/kernels/isa.h"

namespace shadowtutor::nn::differential {
namespace {

// The value in the neighbours of guarded activations: large enough to spoil any sum that uses it.
constexpr float kForeign = 3e18f;

uint64_t Seed(std::span<const uint8_t> bytes) {
  uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a
  for (const uint8_t byte : bytes) hash = (hash ^ byte) * 0x100000001b3u;
  return hash;
}

}  // namespace

Draw::Draw(std::span<const uint8_t> bytes) : bytes_(bytes), random_(Seed(bytes)) {}

int Draw::Choice(int low, int high) {
  if (bytes_.empty()) return random_.Integer(low, high);
  const int byte = bytes_.front();
  bytes_ = bytes_.subspan(1);
  return low + byte % (high - low + 1);
}

int Draw::Side(int most) {
  switch (Choice(0, 4)) {
    case 0:
      return 1;
    case 1:
      return Choice(2, 5);
    default:
      return Choice(1, most);
  }
}

std::vector<double> Draw::Values(size_t count) {
  const int kind = Choice(0, 3);
  const double middle = kind == 2 ? random_.Uniform(-20, 20) : 0;
  std::vector<double> values(count);
  for (double& value : values) {
    value = middle + random_.Uniform(-1, 1);
    if (kind == 1 && random_.Integer(0, 3) != 0) value = 0;
    if (kind == 3) value = std::ldexp(value, random_.Integer(-10, 3));
    value = static_cast<double>(static_cast<float>(value));
  }
  return values;
}

DoubleTensor Draw::Tensor(int channels, int height, int width) {
  DoubleTensor tensor(channels, height, width);
  tensor.values = Values(tensor.values.size());
  return tensor;
}

void Outcome::Compare(const char* name, std::span<const float> values,
                      std::span<const double> expected, std::span<const double> magnitudes) {
  Require(values.size() == expected.size(), std::string(name) + " has the expected size");
  double largest = 0, worst = 0;
  for (const double magnitude : magnitudes) largest = std::max(largest, magnitude);
  for (size_t i = 0; i < std::min(values.size(), expected.size()); ++i) {
    const double difference = std::abs(static_cast<double>(values[i]) - expected[i]);
    // Comparisons with NaN are false, so a NaN must be turned into a large difference.
    worst = std::isnan(difference) ? std::numeric_limits<double>::infinity()
                                   : std::max(worst, difference);
    if (std::isinf(worst)) break;
  }
  const double share = worst == 0 ? 0 : worst / largest;
  if (share > error) {
    error = share;
    tensor = name;
  }
}

void Outcome::Require(bool holds, const std::string& promise) {
  if (!holds && violation.empty()) violation = promise;
}

Guarded::Guarded(int channels, int height, int width)
    : all_((Blocks(channels) + 2) * kBlock, height, width),
      view_(all_.view().Channels(kBlock, channels)) {
  const View& all = all_;
  const auto fill = [&](int block) { std::fill_n(all.at(block, -1, -1), all.plane(), kForeign); };
  fill(0);
  fill(all.blocks() - 1);
  for (int c = 0; c < channels; ++c) {
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        view_.at(c / kBlock, y, x)[c % kBlock] = std::numeric_limits<float>::quiet_NaN();
      }
    }
  }
}

Guarded::Guarded(const DoubleTensor& values)
    : Guarded(values.channels, values.height, values.width) {
  for (int c = 0; c < values.channels; ++c) {
    for (int y = 0; y < values.height; ++y) {
      for (int x = 0; x < values.width; ++x) {
        view_.at(c / kBlock, y, x)[c % kBlock] = static_cast<float>(values.row(c, y)[x]);
      }
    }
  }
}

std::vector<float> Guarded::Values() const {
  std::vector<float> values;
  for (int c = 0; c < view_.channels; ++c) {
    for (int y = 0; y < view_.height; ++y) {
      for (int x = 0; x < view_.width; ++x) {
        values.push_back(view_.at(c / kBlock, y, x)[c % kBlock]);
      }
    }
  }
  return values;
}

void Guarded::CompareTo(const char* name, const DoubleTensor& expected,
                        const DoubleTensor& magnitudes, Outcome& outcome) const {
  outcome.Compare(name, Values(), expected.values, magnitudes.values);
  const View& all = all_;
  bool neighbours = true, halo = true, filling = true;
  for (const int block : {0, all.blocks() - 1}) {
    const float* floats = all.at(block, -1, -1);
    neighbours = neighbours && std::all_of(floats, floats + all.plane(),
                                           [](float value) { return value == kForeign; });
  }
  for (int b = 0; b < view_.blocks(); ++b) {
    for (int y = -1; y <= view_.height; ++y) {
      for (int x = -1; x <= view_.width; ++x) {
        const bool inside = y >= 0 && y < view_.height && x >= 0 && x < view_.width;
        for (int c = 0; c < kBlock; ++c) {
          if (view_.at(b, y, x)[c] == 0.0f) continue;
          if (!inside) halo = false;
          if (inside && b * kBlock + c >= view_.channels) filling = false;
        }
      }
    }
  }
  outcome.Require(neighbours, std::string(name) + " leaves its neighbours alone");
  outcome.Require(halo, std::string(name) + " has a halo of zeros");
  outcome.Require(filling, std::string(name) + " is zero in the channels that fill up a block");
}

std::vector<float> Floats(std::span<const double> values) {
  std::vector<float> floats;
  for (const double value : values) floats.push_back(static_cast<float>(value));
  return floats;
}

std::vector<double> Magnitudes(std::span<const double> values) {
  std::vector<double> magnitudes;
  for (const double value : values) magnitudes.push_back(std::abs(value));
  return magnitudes;
}

DoubleTensor Magnitudes(const DoubleTensor& tensor) {
  DoubleTensor magnitudes = tensor;
  for (double& value : magnitudes.values) value = std::abs(value);
  return magnitudes;
}

PackedConv Pack(std::span<const double> oihw, int out, int in, int kh, int kw,
                std::span<const Tap> taps, bool transposed) {
  PackedConv packed =
      MakePackedConv(transposed ? in : out, transposed ? out : in, static_cast<int>(taps.size()));
  Repack(Floats(oihw), out, in, kh, kw, taps, transposed, packed);
  return packed;
}

std::span<const Family> Families() {
  // The bounds are two to four times the largest error of 2000 seeds on any instruction set.
  static constexpr Family kFamilies[] = {{"Convolution", Convolution, 4e-6},
                                         {"ConvolutionToInput", ConvolutionToInput, 4e-6},
                                         {"Winograd", Winograd, 1.5e-5},
                                         {"WeightGradient", WeightGradient, 5e-6},
                                         {"WinogradGradient", WinogradGradient, 1e-4},
                                         {"Composition", Composition, 4e-6},
                                         {"MatrixConvolution", MatrixConvolution, 4e-6},
                                         {"MatrixToInput", MatrixToInput, 4e-6},
                                         {"MatrixGradient", MatrixGradient, 5e-6},
                                         {"MatrixProduct", MatrixProduct, 4e-6},
                                         {"Norm", Norm, 1e-5},
                                         {"Resizing", Resizing, 1e-5},
                                         {"Stem", Stem, 2e-6},
                                         {"StemComposed", StemComposed, 2e-6},
                                         {"Tail", Tail, 8e-6},
                                         {"LabelsAndLoss", LabelsAndLoss, 5e-6},
                                         {"Adam", Adam, 1e-6}};
  return kFamilies;
}

Outcome Run(const Family& family, Draw& draw) {
  SelectInstructionSet();
  return family.run(draw);
}

std::string Complaint(const Family& family, const Outcome& outcome) {
  std::ostringstream sentence;
  sentence << family.name << " on " << InstructionSetName() << ", " << outcome.shape << ": ";
  if (!outcome.violation.empty()) {
    sentence << "it does not hold that " << outcome.violation;
  } else if (outcome.error > family.bound) {
    sentence << outcome.tensor << " is wrong by " << outcome.error
             << " of its terms, more than the bound of " << family.bound;
  } else {
    return "";
  }
  return sentence.str();
}

}  // namespace shadowtutor::nn::differential
