// For tests: a session that was recorded once, in tests/data/session, and the frames that it was
// recorded with. tests/data/README.md says what is in it and how it is recorded anew.
//
// The messages are Protobuf's, which the device library does not link. So they are read here, by
// the numbers of their fields.
#ifndef SHADOWTUTOR_CLIENT_TESTING_RECORDED_SESSION_H_
#define SHADOWTUTOR_CLIENT_TESTING_RECORDED_SESSION_H_

#include <cstdint>
#include <cstring>
#include <map>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "shadowtutor/types.h"

namespace shadowtutor::client {

/// What happened, in its order.
struct Event {
  enum class Kind : uint8_t { kUp = '>', kDown = '<', kLabels = '=' };
  Kind kind;
  /// Up and down: a message. Labels: what the device showed for the next frame, by
  /// wire::LabelCoder.
  std::vector<uint8_t> bytes;
};

/// Each event is its kind in one byte, its length in four, little endian, and its bytes.
inline std::vector<uint8_t> SerializeEvents(const std::vector<Event>& events) {
  std::vector<uint8_t> file;
  for (const Event& event : events) {
    file.push_back(static_cast<uint8_t>(event.kind));
    for (int shift = 0; shift < 32; shift += 8) {
      file.push_back(static_cast<uint8_t>(event.bytes.size() >> shift));
    }
    file.insert(file.end(), event.bytes.begin(), event.bytes.end());
  }
  return file;
}

inline std::vector<Event> ParseEvents(std::span<const uint8_t> file) {
  std::vector<Event> events;
  while (!file.empty()) {
    if (file.size() < 5) throw std::runtime_error("the recorded session is truncated");
    size_t size = 0;
    for (int i = 0; i < 4; ++i) size |= size_t{file[1 + i]} << 8 * i;
    if (file.size() - 5 < size) throw std::runtime_error("the recorded session is truncated");
    const auto bytes = file.subspan(5, size);
    events.push_back({static_cast<Event::Kind>(file[0]), {bytes.begin(), bytes.end()}});
    file = file.subspan(5 + size);
  }
  return events;
}

inline constexpr FrameSize kRecordedSize{64, 48};
inline constexpr uint64_t kRecordedFrames = 48;

/// The frame at `index`: a bright disc that crosses a ground of stripes.
inline Image RecordedFrame(uint64_t index) {
  Image image(kRecordedSize.width, kRecordedSize.height);
  const int center = 8 + static_cast<int>(index);
  for (int y = 0; y < kRecordedSize.height; ++y) {
    for (int x = 0; x < kRecordedSize.width; ++x) {
      const int dx = x - center, dy = y - kRecordedSize.height / 2;
      const bool inside = dx * dx + dy * dy < 12 * 12;
      for (int c = 0; c < 3; ++c) {
        image.row(y)[3 * x + c] =
            static_cast<uint8_t>(inside ? 190 + 10 * c : 30 + 15 * c + (x + y) / 4 % 2 * 20);
      }
    }
  }
  return image;
}

/// The fields of a Protobuf message, by their numbers; of a field that is there more than once, the
/// last one. An absent field is 0 or empty. Lives no longer than `message`. Throws
/// std::runtime_error for bytes that are no message.
class ProtoFields {
 public:
  explicit ProtoFields(std::span<const uint8_t> message) : left_(message) {
    while (!left_.empty()) {
      const uint64_t key = Varint();
      Value& value = values_[static_cast<int>(key >> 3)];
      switch (key & 7) {
        case 0:
          value.number = Varint();
          break;
        case 1:
          value.number = 0;
          for (int i = 0; i < 8; ++i) value.number |= uint64_t{Take(1)[0]} << 8 * i;
          break;
        case 2:
          value.bytes = Take(Varint());
          break;
        default:
          throw std::runtime_error("the recorded message has a field of an unknown kind");
      }
    }
  }

  bool Has(int field) const { return values_.count(field) > 0; }
  uint64_t Number(int field) const { return Of(field).number; }
  int Int(int field) const { return static_cast<int>(Number(field)); }
  double Double(int field) const {
    const uint64_t bits = Number(field);
    double value = 0;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }
  std::span<const uint8_t> Bytes(int field) const { return Of(field).bytes; }
  std::string Text(int field) const { return {Bytes(field).begin(), Bytes(field).end()}; }
  ProtoFields Message(int field) const { return ProtoFields(Bytes(field)); }

 private:
  struct Value {
    uint64_t number = 0;
    std::span<const uint8_t> bytes;
  };

  Value Of(int field) const {
    const auto found = values_.find(field);
    return found == values_.end() ? Value{} : found->second;
  }
  std::span<const uint8_t> Take(uint64_t bytes) {
    if (left_.size() < bytes) throw std::runtime_error("the recorded message is truncated");
    const auto taken = left_.first(bytes);
    left_ = left_.subspan(bytes);
    return taken;
  }
  uint64_t Varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const uint8_t byte = Take(1)[0];
      value |= uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return value;
    }
    throw std::runtime_error("the recorded message has a number that does not end");
  }

  std::span<const uint8_t> left_;
  std::map<int, Value> values_;
};

}  // namespace shadowtutor::client

#endif  // SHADOWTUTOR_CLIENT_TESTING_RECORDED_SESSION_H_
