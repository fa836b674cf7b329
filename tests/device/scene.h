// What the programs for devices film: an object that moves over a plain background.
#ifndef SHADOWTUTOR_TESTS_DEVICE_SCENE_H_
#define SHADOWTUTOR_TESTS_DEVICE_SCENE_H_

#include <cstddef>
#include <cstdint>

#include "shadowtutor/types.h"

namespace shadowtutor::tests {

inline constexpr FrameSize kSize{192, 128};
inline constexpr int kFrames = 24;

inline ClassList SceneClasses() { return {{"background", {}}, {"object", {200, 40, 40}}}; }

inline Box ObjectAt(uint64_t frame) { return {16 + static_cast<int>(frame), 32, 64, 64}; }

/// The frame's label.
inline LabelMap Teach(uint64_t frame) {
  LabelMap label(kSize.width, kSize.height);
  const Box box = ObjectAt(frame);
  for (int y = box.y; y < box.y + box.height; ++y) {
    for (int x = box.x; x < box.x + box.width; ++x) label.at(x, y) = 1;
  }
  return label;
}

/// The frame.
inline Image Film(uint64_t frame) {
  Image image(kSize.width, kSize.height);
  const LabelMap object = Teach(frame);
  for (size_t i = 0; i < kSize.pixels(); ++i) {
    const bool inside = object.labels()[i] != 0;
    image.bytes()[3 * i] = inside ? 30 : 170;
    image.bytes()[3 * i + 1] = inside ? 60 : 150;
    image.bytes()[3 * i + 2] = inside ? 220 : 120;
  }
  return image;
}

}  // namespace shadowtutor::tests

#endif  // SHADOWTUTOR_TESTS_DEVICE_SCENE_H_
