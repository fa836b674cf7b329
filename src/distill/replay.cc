#include "distill/replay.h"

#include <utility>

namespace shadowtutor::distill {
namespace {

// Three bytes of a pixel's colour, and one of its label.
size_t BytesOf(FrameSize size) { return size.pixels() * 4; }

}  // namespace

void Replay::Remember(ImageView frame, const TeacherAnswer& answer) {
  const size_t bytes = BytesOf(frame.size());
  if (most_ == 0 || bytes > kReplayBytes) return;
  KeyFrame added;  // in the memory of a forgotten one of its size
  while (frames_.size() >= most_ || bytes_ + bytes > kReplayBytes) {
    bytes_ -= BytesOf(frames_.front().frame.size());
    if (frames_.front().frame.size() == frame.size()) added = std::move(frames_.front());
    frames_.pop_front();
  }
  added.frame.Assign(frame);
  added.answer = answer;
  frames_.push_back(std::move(added));
  bytes_ += bytes;
}

const Replay::KeyFrame* Replay::Pick() {
  if (frames_.empty()) return nullptr;
  // Knuth's linear congruential generator; its upper bits are the good ones.
  random_ = random_ * 6364136223846793005u + 1442695040888963407u;
  return &frames_[static_cast<size_t>((random_ >> 33) % frames_.size())];
}

}  // namespace shadowtutor::distill
