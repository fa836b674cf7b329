#include "eval/testing/moving_shapes.h"

#include <cmath>
#include <cstddef>

namespace shadowtutor::eval {
namespace {

constexpr uint8_t kDisc = 0, kBox = 1;

// The class that the pixel shows. Positions are relative to the frame's middle, in halves of its
// sides.
uint8_t ClassAt(FrameSize size, uint64_t index, int x, int y) {
  const double t = static_cast<double>(index);
  const double u = (2.0 * x + 1) / size.width - 1, v = (2.0 * y + 1) / size.height - 1;
  const double disc_u = u - 0.45 * std::sin(0.05 * t), disc_v = v + 0.3 * std::cos(0.04 * t);
  if (disc_u * disc_u + disc_v * disc_v < 0.12) return kDisc;
  const double box_u = u + 0.4 * std::cos(0.03 * t), box_v = v - 0.45;
  if (std::abs(box_u) < 0.3 && std::abs(box_v) < 0.25) return kBox;
  return kShapeBackground;
}

}  // namespace

ClassList ShapeClasses() {
  return {{"disc", {220, 60, 40}}, {"box", {40, 80, 220}}, {"background", {}}};
}

nn::Checkpoint SmallShapeStudent(uint64_t seed) {
  const nn::NetworkSpec spec{.classes = 3,
                             .in_conv1 = 8,
                             .in_conv2 = 8,
                             .enc1 = 16,
                             .enc2 = 16,
                             .enc3 = 32,
                             .dec1 = 16,
                             .dec2 = 16,
                             .dec3 = 16,
                             .out = 16};
  return nn::FreshStudent(spec, ShapeClasses(), kShapeBackground, seed);
}

Image DrawShapes(FrameSize size, uint64_t index) {
  Image frame(size.width, size.height);
  for (int y = 0; y < size.height; ++y) {
    for (int x = 0; x < size.width; ++x) {
      uint8_t* pixel = frame.row(y) + ptrdiff_t{3} * x;
      const int shade = (40 * x) / size.width + (30 * y) / size.height;
      switch (ClassAt(size, index, x, y)) {
        case kDisc:
          pixel[0] = 40, pixel[1] = 70, pixel[2] = static_cast<uint8_t>(160 + shade);
          break;
        case kBox:
          pixel[0] = static_cast<uint8_t>(150 + shade), pixel[1] = 90, pixel[2] = 50;
          break;
        default:
          pixel[0] = pixel[1] = pixel[2] = static_cast<uint8_t>(70 + shade);
      }
    }
  }
  return frame;
}

LabelMap LabelShapes(FrameSize size, uint64_t index) {
  LabelMap label(size.width, size.height);
  for (int y = 0; y < size.height; ++y) {
    for (int x = 0; x < size.width; ++x) label.at(x, y) = ClassAt(size, index, x, y);
  }
  return label;
}

bool ShapesSource::Read(Image& frame) {
  if (next_ >= frames_) return false;
  frame = DrawShapes(size_, static_cast<uint64_t>(next_++));
  return true;
}

teacher::Answer ShapesTeacher::Label(ImageView frame, uint64_t frame_index) {
  ++asked_;
  return {.label = LabelShapes(frame.size(), frame_index), .instances = {}, .has_instances = false};
}

}  // namespace shadowtutor::eval
