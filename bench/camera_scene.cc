#include "camera_scene.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

namespace shadowtutor::bench {
namespace {

constexpr int kShapes = 4;
constexpr double kPi = 3.14159265358979;

struct Shape {
  uint8_t label = 0;
  bool disc = false;
  double x = 0, y = 0, radius = 0;  // in pixels
};

Shape ShapeOf(FrameSize size, uint64_t camera, uint64_t index, int shape) {
  const double phase = 1.7 * shape + 0.9 * static_cast<double>(camera);
  const double turn = 2 * kPi * static_cast<double>(index) / kCameraKeyFrames;
  Shape result;
  result.label = static_cast<uint8_t>((static_cast<uint64_t>(3 * shape) + camera) % 8);
  result.disc = shape % 2 == 0;
  result.radius = (0.1 + 0.03 * shape) * size.height;
  result.x = size.width * (0.5 + 0.32 * std::cos(phase + turn));
  result.y = size.height * (0.5 + 0.28 * std::sin(1.3 * phase + turn));
  return result;
}

// Calls paint(y, first, last) for each row of a shape that lies in the picture.
template <typename Paint>
void Rows(FrameSize size, const Shape& shape, const Paint& paint) {
  const int top = std::max(0, static_cast<int>(shape.y - shape.radius));
  const int bottom = std::min(size.height, static_cast<int>(shape.y + shape.radius));
  for (int y = top; y < bottom; ++y) {
    const double up = y - shape.y;
    const double half =
        shape.disc ? std::sqrt(std::max(0.0, shape.radius * shape.radius - up * up)) : shape.radius;
    const int first = std::max(0, static_cast<int>(shape.x - half));
    const int last = std::min(size.width, static_cast<int>(shape.x + half));
    if (first < last) paint(y, first, last);
  }
}

// A wave with several frequencies, -1 to 1, along a side of `length` pixels.
std::vector<double> Waves(int length, double shift) {
  std::vector<double> waves(static_cast<size_t>(length));
  for (size_t i = 0; i < waves.size(); ++i) {
    const double t = static_cast<double>(i) + shift;
    waves[i] = 0.5 * std::sin(0.011 * t) + 0.3 * std::sin(0.063 * t) + 0.2 * std::sin(0.21 * t);
  }
  return waves;
}

}  // namespace

ClassList CameraClasses() {
  ClassList classes;
  for (int i = 0; i < kCameraBackground; ++i) {
    classes.push_back({"thing " + std::to_string(i), {static_cast<uint8_t>(30 * i), 90, 160}});
  }
  classes.push_back({"background", {}});
  return classes;
}

Image DrawCamera(FrameSize size, uint64_t camera, uint64_t index) {
  Image frame(size.width, size.height);
  // There and back, so that the last key frame is followed by the first.
  const double drift =
      0.25 * size.width * (1 - std::cos(2 * kPi * static_cast<double>(index) / kCameraKeyFrames));
  const std::vector<double> across = Waves(size.width, drift + 100.0 * static_cast<double>(camera));
  const std::vector<double> down = Waves(size.height, 40.0 * static_cast<double>(camera));
  for (int y = 0; y < size.height; ++y) {
    uint8_t* row = frame.row(y);
    for (int x = 0; x < size.width; ++x) {
      const double wave = across[static_cast<size_t>(x)] * down[static_cast<size_t>(y)];
      for (int c = 0; c < 3; ++c) {
        row[3 * x + c] = static_cast<uint8_t>(90 + 10 * c + 60 * wave);
      }
    }
  }
  for (int i = 0; i < kShapes; ++i) {
    const Shape shape = ShapeOf(size, camera, index, i);
    Rows(size, shape, [&](int y, int first, int last) {
      uint8_t* row = frame.row(y);
      for (int x = first; x < last; ++x) {
        row[3 * x] = static_cast<uint8_t>(40 + 25 * shape.label);
        row[3 * x + 1] = static_cast<uint8_t>(220 - 20 * shape.label);
        row[3 * x + 2] = static_cast<uint8_t>(60 + 20 * (shape.label % 3) + (x + y) % 16);
      }
    });
  }
  return frame;
}

LabelMap LabelCamera(FrameSize size, uint64_t camera, uint64_t index) {
  LabelMap label(size.width, size.height, kCameraBackground);
  for (int i = 0; i < kShapes; ++i) {
    const Shape shape = ShapeOf(size, camera, index, i);
    Rows(size, shape, [&](int y, int first, int last) {
      std::fill(label.row(y) + first, label.row(y) + last, shape.label);
    });
  }
  return label;
}

teacher::Answer CameraTeacher::Label(ImageView frame, uint64_t frame_index) {
  const uint64_t camera = frame_index >> 32, n = frame_index & 0xffffffff;
  return {.label = LabelCamera(frame.size(), camera, n % kCameraKeyFrames),
          .instances = {},
          .has_instances = false};
}

}  // namespace shadowtutor::bench
