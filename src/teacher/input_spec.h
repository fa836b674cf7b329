// How a frame becomes the input of a network, as a model card has it.
#ifndef SHADOWTUTOR_TEACHER_INPUT_SPEC_H_
#define SHADOWTUTOR_TEACHER_INPUT_SPEC_H_

#include <array>

#include "shadowtutor/types.h"

namespace shadowtutor::teacher {

/// How a frame is fitted into the input.
enum class Fit {
  kStretch,    // resized to `size`; the aspect ratio may change
  kLetterbox,  // keeps the aspect ratio: the largest that fits into `size`, centred, with padding
  kShortest,   // keeps it: the shorter side gets `shortest` pixels, the longer at most `longest`
  kNone,       // the frame's own size
};

inline constexpr int kMaxInputSide = 4096;

/// The input of the network. Each value of a pixel becomes (value * scale - mean) / std.
struct InputSpec {
  Fit fit = Fit::kStretch;
  FrameSize size;      // with kShortest and kNone, only the size of the trial when a card is opened
  int shortest = 800;  // with kShortest, in pixels
  int longest = 1333;  // with kShortest, in pixels
  double pad = 114;    // with kLetterbox: the value of padding pixels, 0..255
  bool rgb = true;     // channel order of the network, of mean and of std; false: BGR
  double scale = 1.0 / 255.0;
  std::array<double, 3> mean = {0, 0, 0};
  std::array<double, 3> std = {1, 1, 1};
};

}  // namespace shadowtutor::teacher

#endif  // SHADOWTUTOR_TEACHER_INPUT_SPEC_H_
