#include "eval/sim/stability.h"

#include <algorithm>

namespace shadowtutor::eval {
namespace {

// How many pixels of `now` differ from `one` frame before and are as two or three frames before.
// The sums of a block fit in a byte, so that the compiler can handle as many pixels at a time as a
// register has bytes.
size_t CountReturns(const uint8_t* now, const uint8_t* one, const uint8_t* two,
                    const uint8_t* three, size_t pixels) {
  constexpr size_t kLanes = 64, kRounds = 255;
  size_t count = 0;
  const auto returns = [&](size_t i) {
    return static_cast<uint8_t>((now[i] != one[i]) & ((now[i] == two[i]) | (now[i] == three[i])));
  };
  size_t i = 0;
  while (i + kLanes <= pixels) {
    uint8_t sums[kLanes] = {};
    const size_t rounds = std::min(kRounds, (pixels - i) / kLanes);
    for (size_t round = 0; round < rounds; ++round, i += kLanes) {
      for (size_t lane = 0; lane < kLanes; ++lane) sums[lane] += returns(i + lane);
    }
    for (const uint8_t sum : sums) count += sum;
  }
  for (; i < pixels; ++i) count += returns(i);
  return count;
}

}  // namespace

void Stability::Add(const LabelMap& labels) {
  if (since_ > 0 && last_[(since_ - 1) % 3].size() != labels.size()) since_ = 0;
  if (since_ >= 2) {
    const auto before = [&](uint64_t frames) {
      return last_[(since_ - frames) % 3].labels().data();
    };
    const size_t pixels = labels.labels().size();
    // In the third frame there is none three frames before.
    const size_t count = CountReturns(labels.labels().data(), before(1), before(2),
                                      since_ >= 3 ? before(3) : before(2), pixels);
    if (pixels > 0) sum_ += static_cast<double>(count) / static_cast<double>(pixels);
    ++counted_;
  }
  last_[since_ % 3] = labels;
  ++since_;
}

double Stability::flicker() const {
  return counted_ == 0 ? 0 : sum_ / static_cast<double>(counted_);
}

}  // namespace shadowtutor::eval
