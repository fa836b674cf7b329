// A small student, frames that it learns within milliseconds, and their labels.
#ifndef SHADOWTUTOR_TUTOR_TESTING_SMALL_STUDENT_H_
#define SHADOWTUTOR_TUTOR_TESTING_SMALL_STUDENT_H_

#include <cstdint>
#include <utility>

#include "nn/network.h"
#include "shadowtutor/types.h"
#include "wire/protocol.h"

namespace shadowtutor::tutor {

inline ClassList TestClasses() { return {{"thing", {255, 0, 0}}, {"background", {0, 0, 0}}}; }

inline nn::Checkpoint SmallStudent(uint64_t seed, ClassList classes = TestClasses()) {
  nn::NetworkSpec spec;
  spec.classes = static_cast<int>(classes.size());
  spec.in_conv1 = spec.in_conv2 = 4;
  spec.enc1 = spec.enc2 = spec.enc3 = spec.dec1 = spec.dec2 = spec.dec3 = spec.out = 16;
  const int background = spec.classes - 1;
  return nn::FreshStudent(spec, std::move(classes), background, seed);
}

/// Bright pixels are things (class 0), the others background (class 1).
inline LabelMap LabelBright(ImageView frame) {
  LabelMap label(frame.width, frame.height, 1);
  for (int y = 0; y < frame.height; ++y) {
    for (int x = 0; x < frame.width; ++x) {
      if (frame.row(y)[3 * x] > 127) label.at(x, y) = 0;
    }
  }
  return label;
}

/// A raw key frame with a bright square on dark ground.
inline wire::KeyFrame SquareFrame(uint64_t frame_index, uint64_t held_version, int width = 64,
                                  int height = 48) {
  Image image(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const bool inside = x > width / 4 && x < width / 2 && y > height / 4 && y < height * 3 / 4;
      for (int c = 0; c < 3; ++c) {
        image.row(y)[3 * x + c] = static_cast<uint8_t>((inside ? 200 : 40) + (x * 7 + y * 3) % 20);
      }
    }
  }
  return {frame_index, held_version, wire::FrameCodec::kRaw, image.size(), image.bytes()};
}

}  // namespace shadowtutor::tutor

#endif  // SHADOWTUTOR_TUTOR_TESTING_SMALL_STUDENT_H_
