// Key frames to bytes and back, by whichever codec a session has. The two ends of a stream: with a
// video codec, each key frame is predicted from those before it. A library target of its own
// (shadowtutor_key_frames), because JPEG needs OpenCV and video codecs need libavcodec.
//
// A key frame as video (H.264, VP9, AV1) is a sequence number in one byte, then the access unit. 0
// begins a stream; 1 to 255 follow each other, and 1 follows 255. So the decoder notices that one
// is missing, which libavcodec's would not.
#ifndef SHADOWTUTOR_WIRE_KEY_FRAME_CODEC_H_
#define SHADOWTUTOR_WIRE_KEY_FRAME_CODEC_H_

#include <climits>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "distill/key_frame_pictures.h"
#include "shadowtutor/types.h"
#include "wire/frame_codec.h"
#include "wire/jpeg.h"

namespace shadowtutor::wire {

class VideoDecoder;
class VideoEncoder;

struct KeyFrameQuality {
  int jpeg = kDefaultJpegQuality;  // 1 to 100
  /// The rate factor of video codecs on x264's scale, 0 (finest) to 51 (worst). Absent: it is
  /// chosen from key frame to key frame as `pictures` wants. Calm or small pictures then get a
  /// better quality than large or lively ones. With AV1, whose encoder cannot change it in
  /// mid-stream, a stream keeps that of its first key frame.
  std::optional<int> crf;
  distill::KeyFramePictures pictures;
  /// The first key frame of a stream gets a worse quality until it has at most so many bytes, or
  /// there is none worse, whatever `pictures` wants.
  uint64_t most_first_bytes = UINT64_MAX;
  /// Those that are predicted from others come to about so many bytes, or there is none worse,
  /// whatever `pictures` wants.
  int most_later_bytes = INT_MAX;
};
/// Throws Error kInvalidArgument for values out of range.
void Validate(const KeyFrameQuality& quality);

/// Thread safety: one thread at a time.
class KeyFrameEncoder {
 public:
  /// Throws as Validate, and Error kFailedPrecondition when a codec is not to be had on this system
  /// (CanEncode).
  KeyFrameEncoder(FrameCodec codec, const KeyFrameQuality& quality);
  ~KeyFrameEncoder();

  FrameCodec codec() const { return codec_; }
  /// The bytes of the next key frame. Its size may differ from that of the one before; then it is
  /// predicted from nothing. Throws Error as CheckFrameSize does, kInternal when encoding fails.
  std::vector<uint8_t> Encode(ImageView frame);
  /// From the next key frame on. Throws as Validate.
  void SetPictures(const distill::KeyFramePictures& pictures);
  /// The next key frame is predicted from nothing. To be called when one may not have been decoded.
  void Restart();

 private:
  std::vector<uint8_t> EncodeVideo(ImageView frame);
  std::vector<uint8_t> EncodeFirst(ImageView frame);  // of a stream
  /// The payload after its sequence number.
  std::vector<uint8_t> Numbered(std::vector<uint8_t> payload);
  void BeginStream(FrameSize size);

  const FrameCodec codec_;
  KeyFrameQuality quality_;
  std::unique_ptr<VideoEncoder> video_;  // null: a stream begins with the next frame
  FrameSize size_;
  uint8_t sequence_ = 0;  // of the next frame
  double crf_;            // of the next frame
};

/// Whether this system can encode, or decode, key frames in this codec; the reason why not goes to
/// `why`.
bool CanEncode(FrameCodec codec, std::string* why = nullptr);
bool CanDecode(FrameCodec codec, std::string* why = nullptr);

/// Thread safety: one thread at a time.
class KeyFrameDecoder {
 public:
  KeyFrameDecoder();
  ~KeyFrameDecoder();

  /// The next key frame. `payload` comes from the network. Throws Error kDataLoss when it is not a
  /// frame of the declared size in this codec or is predicted from one that is missing,
  /// kInvalidArgument for a codec that does not exist, and as CheckFrameSize.
  Image Decode(FrameCodec codec, std::span<const uint8_t> payload, FrameSize declared);

 private:
  Image DecodeVideo(FrameCodec codec, std::span<const uint8_t> payload, FrameSize declared);

  std::unique_ptr<VideoDecoder> video_;  // null: only a frame that begins a stream can be decoded
  FrameCodec codec_ = FrameCodec::kRaw;  // of video_
  uint8_t sequence_ = 0;                 // of the next frame
};

}  // namespace shadowtutor::wire

#endif  // SHADOWTUTOR_WIRE_KEY_FRAME_CODEC_H_
