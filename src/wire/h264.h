// Frames as H.264 video, which is the usual way to send every frame of a camera. A separate library
// target (shadowtutor_h264), because the device library does not link libavcodec.
#ifndef SHADOWTUTOR_WIRE_H264_H_
#define SHADOWTUTOR_WIRE_H264_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "shadowtutor/types.h"

namespace shadowtutor::wire {

inline constexpr int kDefaultH264Crf = 23;

/// The most bytes that the access unit of a frame of this size may have: twice its raw pixels and
/// room for headers. The decoder refuses longer ones.
size_t MaxAccessUnitBytes(FrameSize size);

/// Encodes frames as access units (Annex B). Each frame gives exactly one access unit at once:
/// there are no B frames and no look-ahead. Every key frame comes with its parameter sets. The
/// pixel format is 4:2:0, BT.601, limited range. Odd sizes are padded to even ones by repeating the
/// last column and row. The same frames give the same bytes on every machine with the same encoder.
///
/// Thread safety: one thread at a time.
class H264Encoder {
 public:
  /// `crf` is x264's constant rate factor, 0 (lossless) to 51 (worst). `frames_per_second` is the
  /// frame rate that the rate control assumes; 0 or less stands for 30. Throws Error
  /// kInvalidArgument for values out of range, as CheckFrameSize does for the size, and
  /// kFailedPrecondition when the installed libavcodec has no x264.
  explicit H264Encoder(FrameSize size, int crf = kDefaultH264Crf, double frames_per_second = 30);
  ~H264Encoder();
  H264Encoder(H264Encoder&&) noexcept;
  H264Encoder& operator=(H264Encoder&&) noexcept;

  /// The access unit of `frame`. Throws Error kInvalidArgument for a frame of another size,
  /// kInternal when encoding fails.
  std::vector<uint8_t> Encode(ImageView frame);
  /// Makes the next frame a key frame, at which a decoder can begin.
  void ForceKeyFrame();
  /// The rate factor from the next frame on. Throws Error kInvalidArgument for one out of range.
  void SetCrf(double crf);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Decodes access units. Safe against hostile bytes: it accepts only access units of one
/// progressive 8-bit 4:2:0 picture in at most kMaxSlices slices, and only streams that refer back
/// to at most kMaxReferences pictures. So the frame's size bounds the time and the memory.
///
/// Thread safety: one thread at a time.
class H264Decoder {
 public:
  static constexpr int kMaxSlices = 16;
  static constexpr int kMaxReferences = 4;

  /// Throws Error kFailedPrecondition when the installed libavcodec cannot decode H.264.
  H264Decoder();
  ~H264Decoder();
  H264Decoder(H264Decoder&&) noexcept;
  H264Decoder& operator=(H264Decoder&&) noexcept;

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

#endif  // SHADOWTUTOR_WIRE_H264_H_
