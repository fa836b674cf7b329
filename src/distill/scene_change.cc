#include "distill/scene_change.h"

#include <algorithm>
#include <cstdlib>

namespace shadowtutor::distill {
namespace {

constexpr int kBlock = 16;
constexpr int kStep = 2;
constexpr int kDifference = 15;

// The sums over the pixels of each block that are read. Frames smaller than a block are one block.
void SumBlocks(ImageView frame, std::vector<uint16_t>& sums) {
  const int across = std::max(1, frame.width / kBlock), down = std::max(1, frame.height / kBlock);
  const int width = std::min(frame.width, kBlock), height = std::min(frame.height, kBlock);
  sums.assign(static_cast<size_t>(across) * static_cast<size_t>(down) * 3, 0);
  for (int by = 0; by < down; ++by) {
    uint16_t* const row_sums = &sums[static_cast<size_t>(by) * static_cast<size_t>(across) * 3];
    for (int y = 0; y < height; y += kStep) {
      const uint8_t* pixel =
          frame.data + static_cast<size_t>(by * kBlock + y) * static_cast<size_t>(frame.width) * 3;
      for (int bx = 0; bx < across; ++bx, pixel += 3 * kBlock) {
        unsigned b = 0, g = 0, r = 0;
        for (int x = 0; x < 3 * width; x += 3 * kStep) {
          b += pixel[x];
          g += pixel[x + 1];
          r += pixel[x + 2];
        }
        uint16_t* const sum = row_sums + 3 * bx;
        sum[0] = static_cast<uint16_t>(sum[0] + b);
        sum[1] = static_cast<uint16_t>(sum[1] + g);
        sum[2] = static_cast<uint16_t>(sum[2] + r);
      }
    }
  }
}

// The number of pixels of a block that are read.
int Pixels(FrameSize size) {
  const auto side = [](int all) { return (std::min(all, kBlock) + kStep - 1) / kStep; };
  return side(size.width) * side(size.height);
}

}  // namespace

void SceneChange::SetReference(ImageView frame) {
  SumBlocks(frame, reference_);
  size_ = frame.size();
}

double SceneChange::Share(ImageView frame) {
  if (reference_.empty() || frame.size() != size_) return 1;
  SumBlocks(frame, now_);
  const int limit = kDifference * Pixels(size_);
  size_t changed = 0;
  for (size_t i = 0; i < now_.size(); i += 3) {
    int most = 0;
    for (size_t c = i; c < i + 3; ++c) most = std::max(most, std::abs(now_[c] - reference_[c]));
    changed += most > limit;
  }
  return static_cast<double>(changed) / static_cast<double>(now_.size() / 3);
}

}  // namespace shadowtutor::distill
