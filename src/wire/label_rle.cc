#include "wire/label_rle.h"

#include <algorithm>
#include <string>

#include "wire/frame_codec.h"

namespace shadowtutor::wire {
namespace {

[[noreturn]] void Refuse(const std::string& why) {
  throw Error(ErrorCode::kDataLoss, "a label map's runs are damaged: " + why);
}

void PutVarint(std::vector<uint8_t>& bytes, uint32_t value) {
  for (; value >= 0x80; value >>= 7) bytes.push_back(static_cast<uint8_t>(value | 0x80));
  bytes.push_back(static_cast<uint8_t>(value));
}

class RunReader {
 public:
  explicit RunReader(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  uint8_t Byte() {
    if (next_ == bytes_.size()) Refuse("they end too early");
    return bytes_[next_++];
  }
  // Reads at most three bytes, because no number in the format is over a frame's side.
  int Varint() {
    int value = 0;
    for (int shift = 0; shift <= 14; shift += 7) {
      const uint8_t byte = Byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    Refuse("a number is too large");
  }
  bool AtEnd() const { return next_ == bytes_.size(); }

 private:
  const std::span<const uint8_t> bytes_;
  size_t next_ = 0;
};

}  // namespace

std::vector<uint8_t> EncodeLabelRle(const LabelMap& labels) {
  CheckFrameSize(labels.size());
  const int width = labels.width();
  std::vector<uint8_t> bytes;
  std::vector<uint8_t> runs;
  for (int y = 0; y < labels.height(); ++y) {
    const uint8_t* row = labels.row(y);
    if (y > 0 && std::equal(row, row + width, labels.row(y - 1))) {
      PutVarint(bytes, 0);
      continue;
    }
    runs.clear();
    uint32_t count = 1;
    int start = 0;
    for (int x = 1; x < width; ++x) {
      if (row[x] == row[start]) continue;
      runs.push_back(row[start]);
      PutVarint(runs, static_cast<uint32_t>(x - start));
      start = x;
      ++count;
    }
    runs.push_back(row[start]);
    PutVarint(bytes, count);
    bytes.insert(bytes.end(), runs.begin(), runs.end());
  }
  return bytes;
}

LabelMap DecodeLabelRle(std::span<const uint8_t> bytes, FrameSize declared) {
  CheckFrameSize(declared);
  // Each row needs at least one byte. Checked before memory is allocated for the map.
  if (bytes.size() < static_cast<size_t>(declared.height)) Refuse("they end too early");
  LabelMap labels(declared.width, declared.height);
  RunReader reader(bytes);
  for (int y = 0; y < declared.height; ++y) {
    uint8_t* row = labels.row(y);
    const int count = reader.Varint();
    if (count == 0) {
      if (y == 0) Refuse("the first row has no row above it to copy");
      std::copy_n(labels.row(y - 1), declared.width, row);
      continue;
    }
    int x = 0;
    for (int run = 0; run < count; ++run) {
      const uint8_t label = reader.Byte();
      const int rest = declared.width - x;
      const bool last = run + 1 == count;
      const int length = last ? rest : reader.Varint();
      if (length < 1 || length > rest || (!last && length == rest)) {
        Refuse("a run reaches past the end of its row");
      }
      std::fill_n(row + x, length, label);
      x += length;
    }
  }
  if (!reader.AtEnd()) Refuse("bytes are left over");
  return labels;
}

}  // namespace shadowtutor::wire
