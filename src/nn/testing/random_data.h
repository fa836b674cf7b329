// Random students, frames and labels for tests; the same on every machine.
#ifndef SHADOWTUTOR_NN_TESTING_RANDOM_DATA_H_
#define SHADOWTUTOR_NN_TESTING_RANDOM_DATA_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "nn/network.h"
#include "nn/testing/parameters.h"
#include "shadowtutor/types.h"

namespace shadowtutor::nn {

class RandomData {
 public:
  explicit RandomData(uint64_t seed) : bits_(seed) {}

  /// A number in [low, high).
  double Uniform(double low, double high) {
    return low + (high - low) * static_cast<double>(bits_() >> 11) * 0x1p-53;
  }
  int Integer(int low, int high) { return static_cast<int>(std::floor(Uniform(low, high + 1))); }

  template <typename T>
  std::vector<T> Values(size_t count, double low = -1, double high = 1) {
    std::vector<T> values(count);
    for (T& value : values) value = static_cast<T>(Uniform(low, high));
    return values;
  }

  /// Smooth waves with some noise: neighbouring pixels are similar, as in real frames, but not
  /// equal.
  Image Frame(int width, int height) {
    Image frame(width, height);
    for (int c = 0; c < 3; ++c) {
      const double fx = Uniform(0.02, 0.3), fy = Uniform(0.02, 0.3), phase = Uniform(0, 6);
      for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
          const double wave = 127 + 90 * std::sin(fx * x + fy * y + phase);
          frame.row(y)[3 * x + c] = static_cast<uint8_t>(wave + Uniform(-30, 30));
        }
      }
    }
    return frame;
  }

  /// Overlapping rectangles of classes; every pixel is below `classes`.
  LabelMap Label(int width, int height, int classes) {
    LabelMap label(width, height, static_cast<uint8_t>(Integer(0, classes - 1)));
    for (int i = 0; i < 6; ++i) {
      const int x0 = Integer(0, width - 1), y0 = Integer(0, height - 1);
      const auto value = static_cast<uint8_t>(Integer(0, classes - 1));
      for (int y = y0; y <= Integer(y0, height - 1); ++y) {
        for (int x = x0; x < width && x < x0 + 1 + width / 2; ++x) label.at(x, y) = value;
      }
    }
    return label;
  }

  /// Vertical bands of weight 5 and 1.
  std::vector<float> PixelWeights(int width, int height) {
    std::vector<float> weights;
    const int band = Integer(1, std::max(1, width));
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) weights.push_back(x / band % 2 ? 1.0f : 5.0f);
    }
    return weights;
  }

  /// A fresh student whose biases, scales and shifts are changed at random.
  Checkpoint Student(const NetworkSpec& spec) {
    ClassList classes;
    for (int i = 0; i < spec.classes; ++i) {
      classes.push_back({std::string("class").append(std::to_string(i)), {}});
    }
    Checkpoint student = FreshStudent(spec, classes, 0, bits_());
    for (const auto& info : student.layout->parameters()) {
      if (info.shape.size() != 1) continue;
      for (float& value : Parameter(student, info.name)) {
        value += static_cast<float>(Uniform(-0.3, 0.3));
      }
    }
    return student;
  }

 private:
  std::mt19937_64 bits_;
};

}  // namespace shadowtutor::nn

#endif  // SHADOWTUTOR_NN_TESTING_RANDOM_DATA_H_
