// A video source with loopback.h's moving squares.
#ifndef SHADOWTUTOR_TESTS_SQUARE_SOURCE_H_
#define SHADOWTUTOR_TESTS_SQUARE_SOURCE_H_

#include <cstdint>

#include "loopback.h"
#include "video/source.h"

namespace shadowtutor::tests {

class SquareSource : public video::Source {
 public:
  explicit SquareSource(int frames) : frames_(frames) {}
  bool Read(Image& frame) override {
    if (next_ == frames_) return false;
    frame = SquareAt(static_cast<uint64_t>(next_++));
    return true;
  }
  FrameSize size() const override { return {64, 48}; }
  double frames_per_second() const override { return 25; }
  int64_t frame_count() const override { return frames_; }
  bool live() const override { return false; }

 private:
  int frames_, next_ = 0;
};

}  // namespace shadowtutor::tests

#endif  // SHADOWTUTOR_TESTS_SQUARE_SOURCE_H_
