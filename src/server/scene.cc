#include "server/scene.h"

#include <algorithm>
#include <cmath>

namespace shadowtutor::server {
namespace {

constexpr int kFields = 8, kSamples = 16, kChannels = 3;

// Of kSamples positions in field `field` of a side of `length` pixels, the one numbered `sample`.
int Position(int field, int sample, int length) {
  return static_cast<int>((int64_t{field} * kSamples + sample) * length / (kFields * kSamples));
}

}  // namespace

Scene SceneOf(ImageView frame) {
  Scene scene{};
  if (frame.empty()) return scene;
  for (int y = 0; y < kFields * kSamples; ++y) {
    const uint8_t* row = frame.row(Position(y / kSamples, y % kSamples, frame.size().height));
    for (int x = 0; x < kFields * kSamples; ++x) {
      const uint8_t* pixel =
          row + kChannels * Position(x / kSamples, x % kSamples, frame.size().width);
      const auto field = static_cast<size_t>(y / kSamples * kFields + x / kSamples);
      for (size_t c = 0; c < kChannels; ++c) scene[field * kChannels + c] += pixel[c];
    }
  }
  double sum = 0, squares = 0;
  for (const float value : scene) {
    sum += value;
    squares += double{value} * value;
  }
  const double mean = sum / static_cast<double>(scene.size());
  const double variance = squares / static_cast<double>(scene.size()) - mean * mean;
  const double scale = variance > 1e-6 * squares ? 1 / std::sqrt(variance) : 0;
  for (float& value : scene) value = static_cast<float>((value - mean) * scale);
  return scene;
}

double Distance(const Scene& a, const Scene& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum / static_cast<double>(a.size());
}

}  // namespace shadowtutor::server
