// Key frames to bytes and back, by whichever codec a session has. The two ends of a stream: with a
// video codec, each key frame is predicted from those before it. A library target of its own
// (shadowtutor_key_frames), because video codecs need libavcodec.
//
// A key frame as video (H.264, VP9, AV1) is a sequence number in one byte, then the access unit. 0
// begins a stream; 1 to 255 follow each other, and 1 follows 255. So the decoder notices that one
// is missing, which libavcodec's would not.
#ifndef SHADOWTUTOR_WIRE_KEY_FRAME_CODEC_H_
#define SHADOWTUTOR_WIRE_KEY_FRAME_CODEC_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "shadowtutor/types.h"
#include "wire/frame_codec.h"
#include "wire/key_frame_encoder.h"

namespace shadowtutor::wire {

class VideoDecoder;

/// A KeyFrameEncoderFactory for every codec that can be had on this system (CanEncode).
/// Thread safety: any thread.
std::unique_ptr<KeyFrameEncoder> MakeKeyFrameEncoder(FrameCodec codec,
                                                     const KeyFrameQuality& quality);

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
