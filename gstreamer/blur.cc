#include "gstreamer/blur.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace shadowtutor::gst {

void BackgroundBlur::Apply(const Picture& picture, const LabelMap& labels, int background,
                           int radius) {
  const auto [width, height] = picture.size;
  const size_t pixels = picture.size.pixels();
  const auto is_background = [&](int x, int y) { return labels.at(x, y) == background; };
  weights_.resize(pixels);
  pixels_.assign(pixels, 1);
  std::transform(labels.labels().begin(), labels.labels().end(), weights_.begin(),
                 [&](uint8_t label) { return static_cast<uint8_t>(label == background); });
  if (std::find(weights_.begin(), weights_.end(), 1) == weights_.end()) return;
  const int step = BytesPerPixel(picture.format);
  BlurPlane({picture.planes[0], picture.strides[0], width, height, step, std::min(step, 3)},
            radius);
  if (picture.format != PixelFormat::kNv12) return;

  const int across = (width + 1) / 2, down = (height + 1) / 2;
  weights_.assign(FrameSize{across, down}.pixels(), 0);
  pixels_.assign(weights_.size(), 0);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const size_t at = static_cast<size_t>(y / 2) * static_cast<size_t>(across) + x / 2;
      ++pixels_[at];
      if (is_background(x, y)) ++weights_[at];
    }
  }
  BlurPlane({picture.planes[1], picture.strides[1], across, down, 2, 2}, std::max(1, radius / 2));
}

void BackgroundBlur::BlurPlane(const Plane& plane, int radius) {
  const size_t samples = FrameSize{plane.width, plane.height}.pixels();
  const auto channels = static_cast<size_t>(plane.channels);
  source_.resize(samples * channels);
  for (int pass = 0; pass < 2; ++pass) {
    uint8_t* copy = source_.data();
    for (int y = 0; y < plane.height; ++y) {
      const uint8_t* in = plane.data + y * plane.stride;
      for (int x = 0; x < plane.width; ++x, in += plane.step, copy += channels) {
        std::copy_n(in, channels, copy);
      }
    }
    if (plane.channels == 1) Pass<1>(plane, radius);
    if (plane.channels == 2) Pass<2>(plane, radius);
    if (plane.channels == 3) Pass<3>(plane, radius);
  }
}

// Adds a row to the sums of the columns, or takes it away: `sign` is 1 or the number that is -1
// modulo 2^32.
void BackgroundBlur::AddRow(const Plane& plane, int y, uint32_t sign) {
  const auto width = static_cast<size_t>(plane.width);
  const auto channels = static_cast<size_t>(plane.channels);
  const uint8_t* weight = weights_.data() + static_cast<size_t>(y) * width;
  const uint8_t* in = source_.data() + static_cast<size_t>(y) * width * channels;
  uint32_t* sum = sums_.data();
  for (size_t x = 0; x < width; ++x) {
    const uint32_t signed_weight = sign * weight[x];
    counts_[x] += signed_weight;
    for (size_t c = 0; c < channels; ++c) *sum++ += signed_weight * *in++;
  }
}

template <int kChannels>
void BackgroundBlur::Pass(const Plane& plane, int radius) {
  const int width = plane.width, height = plane.height;
  sums_.assign(static_cast<size_t>(width) * kChannels, 0);
  counts_.assign(static_cast<size_t>(width), 0);
  for (int y = 0; y < std::min(radius, height); ++y) AddRow(plane, y, 1);
  for (int y = 0; y < height; ++y) {
    if (y + radius < height) AddRow(plane, y + radius, 1);
    if (y > radius) AddRow(plane, y - radius - 1, ~uint32_t{0});

    uint32_t count = 0;
    std::array<uint32_t, kChannels> sum{};
    const auto add = [&](int x, uint32_t sign) {
      count += sign * counts_[static_cast<size_t>(x)];
      for (size_t c = 0; c < kChannels; ++c) {
        sum[c] += sign * sums_[static_cast<size_t>(x) * kChannels + c];
      }
    };
    for (int x = 0; x < std::min(radius, width); ++x) add(x, 1);
    const size_t row = static_cast<size_t>(y) * static_cast<size_t>(width);
    uint8_t* out = plane.data + y * plane.stride;
    for (int x = 0; x < width; ++x, out += plane.step) {
      if (x + radius < width) add(x + radius, 1);
      if (x > radius) add(x - radius - 1, ~uint32_t{0});
      const uint32_t weight = weights_[row + static_cast<size_t>(x)];
      if (weight == 0) continue;
      const float scale = 1.0F / static_cast<float>(count);  // which counts this pixel itself
      const uint32_t all = pixels_[row + static_cast<size_t>(x)];
      for (size_t c = 0; c < kChannels; ++c) {
        const auto mean = std::min(static_cast<uint32_t>(static_cast<float>(sum[c]) * scale + 0.5F),
                                   uint32_t{255});
        out[c] = static_cast<uint8_t>((mean * weight + out[c] * (all - weight) + all / 2) / all);
      }
    }
  }
}

}  // namespace shadowtutor::gst
