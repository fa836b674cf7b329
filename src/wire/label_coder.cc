#include "wire/label_coder.h"

#include <utility>

#include "wire/frame_codec.h"
#include "wire/range_coder.h"

namespace shadowtutor::wire {
namespace {

// The labels around a pixel, of this map and of the one before. Outside of a map there is 0.
struct Neighbours {
  uint8_t left, left2, above, above2, above_left, above_right;
  uint8_t before, before_left, before_right, before_below;
};

class LabelContexts {
 public:
  AdaptiveBit& Left(const Neighbours& n) {
    const auto same = [&](uint8_t label) { return static_cast<unsigned>(label == n.left); };
    return left_[same(n.left2) | same(n.above) << 1 | same(n.above_left) << 2 |
                 same(n.above_right) << 3 | same(n.before) << 4 | same(n.before_left) << 5 |
                 same(n.before_right) << 6 | same(n.before_below) << 7 | same(n.above2) << 8];
  }
  AdaptiveBit& Above(const Neighbours& n) {
    const auto same = [&](uint8_t label) { return static_cast<unsigned>(label == n.above); };
    return above_[same(n.above2) | same(n.above_left) << 1 | same(n.above_right) << 2 |
                  same(n.before) << 3 | same(n.before_right) << 4];
  }
  AdaptiveBit& Before(const Neighbours& n) {
    const auto same = [&](uint8_t label) { return static_cast<unsigned>(label == n.before); };
    return before_[same(n.above_right) | same(n.before_right) << 1 | same(n.before_below) << 2];
  }
  AdaptiveBit& Bit(uint32_t prefix) { return bits_[prefix]; }

 private:
  AdaptiveBit left_[512], above_[32], before_[8];
  AdaptiveBit bits_[256];  // by the bits that are known, after a leading 1
};

// Codes all labels. A coder that encodes is given those of `labels`, one that decodes fills them
// in.
template <typename Decide>
void Walk(LabelMap& labels, const LabelMap& last, Decide&& decide) {
  LabelContexts contexts;
  const int width = labels.width(), height = labels.height();
  const bool known = last.size() == labels.size();
  const std::vector<uint8_t> nothing(static_cast<size_t>(width), 0);
  for (int y = 0; y < height; ++y) {
    uint8_t* row = labels.labels().data() + static_cast<size_t>(y) * static_cast<size_t>(width);
    const auto row_of = [&](const LabelMap& map, int at, bool there) {
      return there ? map.labels().data() + static_cast<size_t>(at) * static_cast<size_t>(width)
                   : nothing.data();
    };
    const uint8_t* above = row_of(labels, y - 1, y > 0);
    const uint8_t* above2 = row_of(labels, y - 2, y > 1);
    const uint8_t* before = row_of(last, y, known);
    const uint8_t* below = row_of(last, y + 1, known && y + 1 < height);
    Neighbours n = {.left = 0,
                    .left2 = 0,
                    .above = 0,
                    .above2 = 0,
                    .above_left = 0,
                    .above_right = above[0],
                    .before = 0,
                    .before_left = 0,
                    .before_right = before[0],
                    .before_below = 0};
    for (int x = 0; x < width; ++x) {
      n.above_left = std::exchange(n.above, n.above_right);
      n.above_right = x + 1 < width ? above[x + 1] : uint8_t{0};
      n.above2 = above2[x];
      n.before_left = std::exchange(n.before, n.before_right);
      n.before_right = x + 1 < width ? before[x + 1] : uint8_t{0};
      n.before_below = below[x];
      uint8_t label = row[x];
      if (decide(contexts.Left(n), label == n.left)) {
        label = n.left;
      } else if (n.above != n.left && decide(contexts.Above(n), label == n.above)) {
        label = n.above;
      } else if (n.before != n.left && n.before != n.above &&
                 decide(contexts.Before(n), label == n.before)) {
        label = n.before;
      } else {
        uint32_t prefix = 1;
        for (int i = 7; i >= 0; --i) {
          prefix =
              prefix << 1 | static_cast<uint32_t>(decide(contexts.Bit(prefix), (label >> i) & 1));
        }
        label = static_cast<uint8_t>(prefix);
      }
      row[x] = label;
      n.left2 = std::exchange(n.left, label);
    }
  }
}

}  // namespace

std::vector<uint8_t> LabelCoder::Encode(const LabelMap& labels) {
  CheckFrameSize(labels.size());
  RangeEncoder encoder;
  LabelMap same = labels;
  Walk(same, last_, [&](AdaptiveBit& context, bool bit) {
    encoder.Encode(context, bit);
    return bit;
  });
  last_ = std::move(same);
  return encoder.Finish();
}

LabelMap LabelCoder::Decode(std::span<const uint8_t> bytes, FrameSize declared) {
  CheckFrameSize(declared);
  LabelMap labels(declared.width, declared.height);
  RangeDecoder decoder(bytes);
  Walk(labels, last_, [&](AdaptiveBit& context, bool) { return decoder.Decode(context); });
  if (!decoder.EndsWell()) {
    throw Error(ErrorCode::kDataLoss, "a coded label map is damaged");
  }
  last_ = labels;
  return labels;
}

}  // namespace shadowtutor::wire
