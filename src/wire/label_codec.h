// Label maps on their way to the client, when the server segments every frame: as PNG, as runs
// (wire/label_rle.h), or coded by what came before (wire/label_coder.h). A separate library
// target (shadowtutor_label_codec), because PNG needs OpenCV, which a device does not link.
#ifndef SHADOWTUTOR_WIRE_LABEL_CODEC_H_
#define SHADOWTUTOR_WIRE_LABEL_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "shadowtutor/types.h"
#include "wire/label_coder.h"

namespace shadowtutor::wire {

enum class LabelCodec : uint8_t { kPng, kRle, kCoded };

/// The most bytes that an encoded label map of a frame of `size` may have.
size_t MaxLabelBytes(FrameSize size);

/// The server's end of a stream of label maps. Thread safety: one thread at a time.
class LabelEncoder {
 public:
  explicit LabelEncoder(LabelCodec codec) : codec_(codec) {}

  LabelCodec codec() const { return codec_; }
  /// The bytes of the next map. Throws Error as CheckFrameSize does.
  std::vector<uint8_t> Encode(const LabelMap& labels);

 private:
  LabelCodec codec_;
  LabelCoder coder_;
};

/// The client's end. Thread safety: one thread at a time.
class LabelDecoder {
 public:
  /// The next map. Throws Error as CheckFrameSize does, and kDataLoss when the bytes are not a
  /// complete label map of the declared size. The size is checked before anything is allocated.
  LabelMap Decode(LabelCodec codec, std::span<const uint8_t> bytes, FrameSize declared);

 private:
  LabelCoder coder_;
};

}  // namespace shadowtutor::wire

#endif  // SHADOWTUTOR_WIRE_LABEL_CODEC_H_
