// Frames as video: each is predicted from those before it. A separate library target
// (shadowtutor_video_coder), because the device library does not link libavcodec.
#ifndef SHADOWTUTOR_WIRE_VIDEO_CODER_H_
#define SHADOWTUTOR_WIRE_VIDEO_CODER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "shadowtutor/types.h"
#include "wire/frame_codec.h"

namespace shadowtutor::wire {

/// The most bytes that the access unit of a frame of this size may have: twice its raw pixels and
/// room for headers. The decoder refuses longer ones.
size_t MaxAccessUnitBytes(FrameSize size);

/// Encodes frames as access units. Each frame gives exactly one access unit at once: there are no
/// frames out of order, no hidden frames and no look-ahead. Every key frame comes with its headers.
/// The pixel format is 4:2:0, BT.601, limited range. Odd sizes are padded to even ones by repeating
/// the last column and row. It runs on one thread; the same frames give the same bytes.
///
/// Thread safety: one thread at a time.
class VideoEncoder {
 public:
  /// `codec` is one for which IsVideo holds. `crf` is a constant rate factor on x264's scale, 0
  /// (finest) to kMaxCrf (coarsest); the other codecs take what gives about the same PSNR.
  /// `frames_per_second` is the frame rate that the rate control assumes; 0 or less stands for 30.
  /// Throws Error kInvalidArgument for values out of range, as CheckFrameSize does for the size,
  /// and kFailedPrecondition when the installed libavcodec lacks the encoder.
  VideoEncoder(FrameCodec codec, FrameSize size, double crf, double frames_per_second = 30);
  ~VideoEncoder();
  VideoEncoder(VideoEncoder&&) noexcept;
  VideoEncoder& operator=(VideoEncoder&&) noexcept;

  /// The access unit of `frame`. Throws Error kInvalidArgument for a frame of another size,
  /// kInternal when encoding fails.
  std::vector<uint8_t> Encode(ImageView frame);
  /// Makes the next frame a key frame, at which a decoder can begin.
  void ForceKeyFrame();
  /// The rate factor from the next frame on; with some codecs (see below) only before the first
  /// frame. Throws Error kInvalidArgument for one out of range.
  void SetCrf(double crf);
  /// Whether SetCrf has an effect on frames after the first one. Not with AV1: libavcodec cannot
  /// change libaom's quality in mid-stream.
  bool ChangesCrf() const;
  /// The rate factor above which this codec gets no coarser, at most kMaxCrf.
  double CoarsestCrf() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Decodes access units. Safe against hostile bytes: it looks at an access unit's headers first and
/// accepts only access units of one shown, progressive 8-bit 4:2:0 picture of the declared size
/// that refers back to a bounded number of pictures. So the frame's size bounds the time and the
/// memory. It runs on one thread.
///
/// Thread safety: one thread at a time.
class VideoDecoder {
 public:
  /// `library` is libavcodec's name of the decoder; when empty, it is the best one that is
  /// installed. Throws Error kInvalidArgument when IsVideo(codec) does not hold,
  /// kFailedPrecondition when the installed libavcodec cannot decode it (with that library).
  explicit VideoDecoder(FrameCodec codec, const std::string& library = {});
  ~VideoDecoder();
  VideoDecoder(VideoDecoder&&) noexcept;
  VideoDecoder& operator=(VideoDecoder&&) noexcept;

  /// The frame in the next access unit of the stream. `declared` is the frame's size before
  /// padding. Throws Error as CheckFrameSize does, and kDataLoss when the access unit is not of the
  /// kind above, is truncated, has another size or refers to a missing picture. After an error,
  /// decoding can continue with the next key frame.
  Image Decode(std::span<const uint8_t> access_unit, FrameSize declared);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shadowtutor::wire

#endif  // SHADOWTUTOR_WIRE_VIDEO_CODER_H_
