// For tests: what the server said in the recorded session of tests/data/session, at the moments at
// which the client took notice of it.
#ifndef SHADOWTUTOR_PAGE_TESTING_REPLAY_H_
#define SHADOWTUTOR_PAGE_TESTING_REPLAY_H_

#include <cstdint>
#include <stdexcept>
#include <utility>
#include <vector>

#include "client/testing/recorded_session.h"
#include "shadowtutor/types.h"

namespace shadowtutor::page {

class Replay {
 public:
  explicit Replay(const std::vector<client::Event>& events) {
    for (const client::Event& event : events) {
      if (event.kind == client::Event::Kind::kLabels) {
        labels_.push_back(event.bytes);
        continue;
      }
      const client::ProtoFields message(event.bytes);
      if (event.kind == client::Event::Kind::kUp) {
        if (message.Has(2)) key_frames_.push_back(message.Message(2).Number(1));
      } else if (message.Has(1)) {
        welcome_ = event.bytes;
        min_stride_ = message.Message(1).Message(9).Number(3);
      } else {
        updates_.push_back(event.bytes);
      }
    }
    if (updates_.size() > key_frames_.size() || welcome_.empty()) {
      throw std::runtime_error("the recorded session is none");
    }
  }

  const std::vector<uint8_t>& welcome() const { return welcome_; }
  /// Indices of the frames that were sent.
  const std::vector<uint64_t>& key_frames() const { return key_frames_; }
  /// What the device showed for a frame, by wire::LabelCoder.
  const std::vector<uint8_t>& labels(uint64_t index) const { return labels_.at(index); }
  /// The update that comes just before the frame at `index` is predicted, at the latest moment that
  /// the paper allows; null if none does.
  const std::vector<uint8_t>* UpdateBefore(uint64_t index) const {
    for (size_t i = 0; i < updates_.size(); ++i) {
      if (key_frames_[i] + min_stride_ == index) return &updates_[i];
    }
    return nullptr;
  }

 private:
  std::vector<uint8_t> welcome_;
  std::vector<std::vector<uint8_t>> updates_, labels_;
  std::vector<uint64_t> key_frames_;
  uint64_t min_stride_ = 0;
};

inline void WriteRgba(const Image& frame, uint8_t* to) {
  const std::vector<uint8_t>& bgr = frame.bytes();
  for (size_t i = 0; i < bgr.size(); i += 3, to += 4) {
    to[0] = bgr[i + 2];
    to[1] = bgr[i + 1];
    to[2] = bgr[i];
    to[3] = 255;
  }
}

}  // namespace shadowtutor::page

#endif  // SHADOWTUTOR_PAGE_TESTING_REPLAY_H_
