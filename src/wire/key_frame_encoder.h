// The device's end of a stream of key frames as an interface. It needs no library, so that a link
// to a server can be handed encoders without being linked with any codec: wire/image_encoder.h has
// those of pictures, wire/key_frame_codec.h those of every codec.
#ifndef SHADOWTUTOR_WIRE_KEY_FRAME_ENCODER_H_
#define SHADOWTUTOR_WIRE_KEY_FRAME_ENCODER_H_

#include <climits>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "distill/key_frame_pictures.h"
#include "shadowtutor/types.h"
#include "wire/frame_codec.h"

namespace shadowtutor::wire {

inline constexpr int kDefaultJpegQuality = 90;

struct KeyFrameQuality {
  int jpeg = kDefaultJpegQuality;  // 1 to 100
  /// The rate factor of video codecs on x264's scale, 0 (finest) to 51 (worst). Absent: it is
  /// chosen from key frame to key frame as `pictures` wants. Calm or small pictures then get a
  /// better quality than large or lively ones. With AV1, whose encoder cannot change it in
  /// mid-stream, a stream keeps that of its first key frame.
  std::optional<int> crf = {};
  distill::KeyFramePictures pictures = {};
  /// The first key frame of a stream gets a worse quality until it has at most so many bytes, or
  /// there is none worse, whatever `pictures` wants.
  uint64_t most_first_bytes = UINT64_MAX;
  /// Those that are predicted from others come to about so many bytes, or there is none worse,
  /// whatever `pictures` wants.
  int most_later_bytes = INT_MAX;
};
/// Throws Error kInvalidArgument for values out of range.
void Validate(const KeyFrameQuality& quality);

/// The number of the next key frame of a video stream (wire/key_frame_codec.h) after this one's.
constexpr uint8_t NextSequence(uint8_t sequence) {
  return sequence == 255 ? 1 : static_cast<uint8_t>(sequence + 1);
}

/// Thread safety: one thread at a time.
class KeyFrameEncoder {
 public:
  virtual ~KeyFrameEncoder() = default;

  virtual FrameCodec codec() const = 0;
  /// The bytes of the next key frame. Its size may differ from that of the one before; then it is
  /// predicted from nothing. Throws Error as CheckFrameSize does, kInternal when encoding fails.
  virtual std::vector<uint8_t> Encode(ImageView frame) = 0;
  /// From the next key frame on. Throws as Validate.
  virtual void SetPictures(const distill::KeyFramePictures& pictures) = 0;
  /// The next key frame is predicted from nothing. To be called when one may not have been decoded.
  virtual void Restart() = 0;
};

/// Makes an encoder, never null. Throws as Validate, and Error kFailedPrecondition, with the
/// reason, when it has none for this codec.
using KeyFrameEncoderFactory =
    std::function<std::unique_ptr<KeyFrameEncoder>(FrameCodec codec, const KeyFrameQuality&)>;

}  // namespace shadowtutor::wire

#endif  // SHADOWTUTOR_WIRE_KEY_FRAME_ENCODER_H_
