#include <array>
#include <cstdlib>

#include "core/text.h"
#include "video/sinks.h"

namespace shadowtutor::video {

Image Overlay(ImageView frame, const LabelMap& labels, const ClassList& classes, int background) {
  if (frame.size() != labels.size()) {
    throw Error(ErrorCode::kInvalidArgument, "an overlay needs labels of the frame's size, not " +
                                                 SizeText(labels.size()) + " for " +
                                                 SizeText(frame.size()));
  }
  // Labels beyond the list of classes get a colour, too, so that wrong labels are visible.
  std::array<Rgb, 256> colors;
  for (int i = 0; i < 256; ++i) {
    colors[i] = i < static_cast<int>(classes.size()) ? classes[i].color : DefaultClassColor(i);
  }
  Image image(frame);
  const int width = frame.width, height = frame.height;
  for (int y = 0; y < height; ++y) {
    const uint8_t* label = labels.row(y);
    const uint8_t* above = labels.row(y > 0 ? y - 1 : y);
    const uint8_t* below = labels.row(y + 1 < height ? y + 1 : y);
    uint8_t* pixel = image.row(y);
    for (int x = 0; x < width; ++x, pixel += 3) {
      const uint8_t value = label[x];
      if (value == background) continue;
      const Rgb color = colors[value];
      // The rim of an object gets the class's colour, its inside a mean of that and the frame.
      const bool rim = above[x] != value || below[x] != value || (x > 0 && label[x - 1] != value) ||
                       (x + 1 < width && label[x + 1] != value);
      if (rim) {
        pixel[0] = color.b;
        pixel[1] = color.g;
        pixel[2] = color.r;
      } else {
        pixel[0] = static_cast<uint8_t>((pixel[0] + color.b + 1) / 2);
        pixel[1] = static_cast<uint8_t>((pixel[1] + color.g + 1) / 2);
        pixel[2] = static_cast<uint8_t>((pixel[2] + color.r + 1) / 2);
      }
    }
  }
  return image;
}

}  // namespace shadowtutor::video
