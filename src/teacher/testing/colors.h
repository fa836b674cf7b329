// A picture of two colours, and a network that tells colours apart.
#ifndef SHADOWTUTOR_TEACHER_TESTING_COLORS_H_
#define SHADOWTUTOR_TEACHER_TESTING_COLORS_H_

#include <cstdint>

#include "shadowtutor/types.h"
#include "teacher/testing/tiny_onnx.h"
#include "video/testing/test_files.h"

namespace shadowtutor::testing {

// The scores of the classes red, green and blue are the input's channels (in the order RGB).
inline const TinyConv kColors = {"output", {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, {0, 0, 0}, 1};

// Left half red, right half blue.
inline Image RedAndBlue(int width, int height) {
  Image image = PlainImage(width, height, 200, 0, 0);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width / 2; ++x) {
      image.row(y)[3 * x] = 0;
      image.row(y)[3 * x + 2] = 200;
    }
  }
  return image;
}

}  // namespace shadowtutor::testing

#endif  // SHADOWTUTOR_TEACHER_TESTING_COLORS_H_
