// The video of shapes as pictures in a folder.
#ifndef SHADOWTUTOR_EVAL_TESTING_SHAPE_FILES_H_
#define SHADOWTUTOR_EVAL_TESTING_SHAPE_FILES_H_

#include <cstdint>
#include <filesystem>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>

#include "eval/testing/moving_shapes.h"
#include "video/label_png.h"

namespace shadowtutor::eval {

/// Makes a folder with a clip: every third frame of the video of shapes from `first` on.
inline void WriteShapes(const std::filesystem::path& folder, FrameSize size, uint64_t frames,
                        uint64_t first = 0) {
  std::filesystem::create_directories(folder);
  for (uint64_t i = 0; i < frames; ++i) {
    Image frame = DrawShapes(size, first + 3 * i);
    const cv::Mat pixels(size.height, size.width, CV_8UC3, frame.bytes().data());
    cv::imwrite((folder / video::LabelFileName(i)).string(), pixels);
  }
}

}  // namespace shadowtutor::eval

#endif  // SHADOWTUTOR_EVAL_TESTING_SHAPE_FILES_H_
