#include "gstreamer/draw.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace shadowtutor::gst {
namespace {

// An ink in the order of a format's bytes.
struct Bytes {
  uint32_t alpha;
  std::array<uint8_t, 3> values;
};

std::array<Bytes, 256> InBytes(const Inks& inks, const Picture& picture) {
  std::array<Bytes, 256> all{};
  for (size_t i = 0; i < inks.size(); ++i) {
    const Rgb color = inks[i].color;
    all[i].alpha = inks[i].alpha;
    if (picture.format == PixelFormat::kNv12) {
      const Yuv yuv = YuvOf(color, picture.coding);
      all[i].values = {yuv.y, yuv.u, yuv.v};
    } else if (picture.format == PixelFormat::kRgb) {
      all[i].values = {color.r, color.g, color.b};
    } else {
      all[i].values = {color.b, color.g, color.r};
    }
  }
  return all;
}

// `all` shares, of which `share` are of `sum` / share, and the rest of `value`.
uint8_t Mixed(uint8_t value, uint32_t sum, uint32_t share, uint32_t all) {
  return static_cast<uint8_t>((value * (all - share) + sum + all / 2) / all);
}

void PaintChroma(const Picture& picture, const LabelMap& labels,
                 const std::array<Bytes, 256>& inks) {
  const auto [width, height] = picture.size;
  for (int y = 0; y < height; y += 2) {
    uint8_t* pair = picture.row(1, y / 2);
    const int rows = std::min(2, height - y);
    for (int x = 0; x < width; x += 2, pair += 2) {
      const int columns = std::min(2, width - x);
      uint32_t share = 0, sum_u = 0, sum_v = 0;
      for (int dy = 0; dy < rows; ++dy) {
        for (int dx = 0; dx < columns; ++dx) {
          const Bytes& ink = inks[labels.at(x + dx, y + dy)];
          share += ink.alpha;
          sum_u += ink.alpha * ink.values[1];
          sum_v += ink.alpha * ink.values[2];
        }
      }
      if (share == 0) continue;
      const auto all = static_cast<uint32_t>(255 * rows * columns);
      pair[0] = Mixed(pair[0], sum_u, share, all);
      pair[1] = Mixed(pair[1], sum_v, share, all);
    }
  }
}

}  // namespace

Inks OverlayInks(const ClassList& classes, int background, double opacity) {
  Inks inks{};
  const auto alpha = static_cast<uint8_t>(std::lround(std::clamp(opacity, 0.0, 1.0) * 255));
  for (size_t i = 0; i < std::min(classes.size(), inks.size()); ++i) {
    if (static_cast<int>(i) != background) inks[i] = {alpha, classes[i].color};
  }
  return inks;
}

Inks BackgroundInks(int background, Ink ink) {
  Inks inks{};
  if (background >= 0) inks.at(static_cast<size_t>(background)) = ink;
  return inks;
}

void Paint(const Picture& picture, const LabelMap& labels, const Inks& inks) {
  const std::array<Bytes, 256> bytes = InBytes(inks, picture);
  const int step = BytesPerPixel(picture.format);
  const int channels = std::min(step, 3);
  for (int y = 0; y < picture.size.height; ++y) {
    const uint8_t* label = labels.row(y);
    uint8_t* pixel = picture.row(0, y);
    for (int x = 0; x < picture.size.width; ++x, pixel += step) {
      const Bytes& ink = bytes[label[x]];
      if (ink.alpha == 0) continue;
      for (int c = 0; c < channels; ++c) {
        pixel[c] = Mixed(pixel[c], ink.alpha * ink.values[static_cast<size_t>(c)], ink.alpha, 255);
      }
    }
  }
  if (picture.format == PixelFormat::kNv12) PaintChroma(picture, labels, bytes);
}

void CutOut(ImageView frame, const LabelMap* labels, int background, uint8_t* out,
            ptrdiff_t stride) {
  for (int y = 0; y < frame.height; ++y) {
    const uint8_t* in = frame.row(y);
    const uint8_t* label = labels ? labels->row(y) : nullptr;
    uint8_t* pixel = out + y * stride;
    for (int x = 0; x < frame.width; ++x, in += 3, pixel += 4) {
      std::copy_n(in, 3, pixel);
      pixel[3] = label && label[x] == background ? 0 : 255;
    }
  }
}

void WriteLabels(const LabelMap* labels, FrameSize size, uint8_t* out, ptrdiff_t stride) {
  const auto width = static_cast<size_t>(size.width);
  for (int y = 0; y < size.height; ++y) {
    if (labels) {
      std::memcpy(out + y * stride, labels->row(y), width);
    } else {
      std::memset(out + y * stride, 0, width);
    }
  }
}

}  // namespace shadowtutor::gst
