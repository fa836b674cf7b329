#include "eval/sim/new_classes.h"

#include <algorithm>
#include <cmath>

namespace shadowtutor::eval {
namespace {

constexpr size_t kLeastPixels = 16;
constexpr size_t kLeastShare = 1000;  // one in so many pixels
constexpr uint64_t kSecondOfUnknownRate = 25;

using Histogram = std::array<size_t, 256>;

Histogram PixelsByClass(const LabelMap& label) {
  // Four counters per class: neighbours mostly are of one class, and to add to one counter again
  // and again would wait for memory each time.
  std::array<std::array<uint32_t, 256>, 4> parts{};
  const auto& labels = label.labels();
  size_t i = 0;
  for (; i + 4 <= labels.size(); i += 4) {
    for (size_t part = 0; part < 4; ++part) ++parts[part][labels[i + part]];
  }
  for (; i < labels.size(); ++i) ++parts[0][labels[i]];
  Histogram pixels{};
  for (size_t c = 0; c < pixels.size(); ++c) {
    for (const auto& part : parts) pixels[c] += part[c];
  }
  return pixels;
}

bool AnyRight(const LabelMap& label, const LabelMap& prediction, uint8_t wanted) {
  const uint8_t* labels = label.labels().data();
  const uint8_t* predictions = prediction.labels().data();
  uint8_t any = 0;
  for (size_t i = 0; i < label.labels().size(); ++i) {
    any |= static_cast<uint8_t>((labels[i] == wanted) & (predictions[i] == wanted));
  }
  return any != 0;
}

}  // namespace

NewClasses::NewClasses(int background, double frames_per_second)
    : background_(background),
      frames_per_second_(frames_per_second),
      second_(frames_per_second > 0
                  ? std::max<uint64_t>(1, static_cast<uint64_t>(std::ceil(frames_per_second)))
                  : kSecondOfUnknownRate) {}

void NewClasses::Add(const LabelMap& label, const LabelMap& prediction) {
  if (label.size() != prediction.size()) {
    throw Error(ErrorCode::kInvalidArgument, "a label and a prediction differ in size");
  }
  const Histogram pixels = PixelsByClass(label);
  const size_t least = std::max(kLeastPixels, label.labels().size() / kLeastShare);
  for (size_t c = 0; c < classes_.size(); ++c) {
    if (static_cast<int>(c) == background_) continue;
    Class& one = classes_[c];
    if (pixels[c] == 0) {
      if (++one.absent >= second_) one.may_enter = true;
      one.entered.reset();  // if it still was not found, it was missed
      continue;
    }
    one.absent = 0;
    if (frame_ == 0) one.may_enter = false;
    if (one.may_enter && pixels[c] >= least) {
      one.may_enter = false;
      one.entered = frame_;
      ++events_;
    }
    if (one.entered && AnyRight(label, prediction, static_cast<uint8_t>(c))) {
      ++found_;
      waited_ += frame_ - *one.entered;
      one.entered.reset();
    }
  }
  ++frame_;
}

NewClassFigures NewClasses::figures() const {
  NewClassFigures figures{.events = events_, .missed = events_ - found_};
  if (found_ == 0) return figures;
  figures.mean_frames = static_cast<double>(waited_) / static_cast<double>(found_);
  if (frames_per_second_ > 0) figures.mean_seconds = *figures.mean_frames / frames_per_second_;
  return figures;
}

}  // namespace shadowtutor::eval
