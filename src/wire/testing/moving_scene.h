// What tests of video codecs send.
#ifndef SHADOWTUTOR_WIRE_TESTING_MOVING_SCENE_H_
#define SHADOWTUTOR_WIRE_TESTING_MOVING_SCENE_H_

#include <gtest/gtest.h>

#include <cstdlib>

#include "shadowtutor/types.h"

namespace shadowtutor::wire {

/// A bright square, `index` pixels from the left, over a gradient.
inline Image MovingScene(FrameSize size, int index) {
  const int width = size.width, height = size.height;
  Image image(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const bool inside = x >= index && x < index + width / 3 && y > height / 4 && y < height / 2;
      uint8_t* pixel = image.row(y) + 3 * x;
      pixel[0] = static_cast<uint8_t>(inside ? 220 : x * 150 / width);
      pixel[1] = static_cast<uint8_t>(inside ? 200 : y * 150 / height);
      pixel[2] = static_cast<uint8_t>(inside ? 210 : 90);
    }
  }
  return image;
}

/// Of all channels of all pixels.
inline double MeanDifference(const Image& a, const Image& b) {
  EXPECT_EQ(a.size(), b.size());
  double sum = 0;
  for (size_t i = 0; i < a.bytes().size(); ++i) sum += std::abs(a.bytes()[i] - b.bytes()[i]);
  return sum / static_cast<double>(a.bytes().size());
}

}  // namespace shadowtutor::wire

#endif  // SHADOWTUTOR_WIRE_TESTING_MOVING_SCENE_H_
