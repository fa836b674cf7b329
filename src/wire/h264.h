// Frames as H.264 video, the way anyone would send every frame of a camera today. A library target
// of its own (shadowtutor_h264): it brings libavcodec, which the device library does without.
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

/// The most bytes that one access unit of such a frame may have: twice the raw pixels, and room for
/// headers. A decoder refuses longer ones.
size_t MaxAccessUnitBytes(FrameSize size);

/// Frames in, access units out: each frame gives exactly one access unit (Annex B) at once, without
/// B frames or look-ahead, so no frame waits for another. Parameter sets come with every key frame.
/// 4:2:0, BT.601, limited range. Odd sizes are padded to even ones by repeating the last column and
/// row. The same frames give the same bytes on every machine with the same encoder.
///
/// Thread safety: one thread at a time.
class H264Encoder {
 public:
  /// `crf`: x264's constant rate factor, 0 (lossless) to 51 (worst). `frames_per_second` is what
  /// the rate control reckons with; 0 or less stands for 30. Throws Error kInvalidArgument for
  /// values out of range, as CheckFrameSize for the size, and kFailedPrecondition when this
  /// libavcodec has no x264.
  explicit H264Encoder(FrameSize size, int crf = kDefaultH264Crf, double frames_per_second = 30);
  ~H264Encoder();
  H264Encoder(H264Encoder&&) noexcept;
  H264Encoder& operator=(H264Encoder&&) noexcept;

  /// Throws Error kInvalidArgument for a frame of another size, kInternal when encoding fails.
  std::vector<uint8_t> Encode(ImageView frame);
  /// The next frame becomes a key frame: a decoder can begin there.
  void ForceKeyFrame();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Access units in, frames out. Safe against hostile bytes: an access unit is one progressive 4:2:0
/// picture of 8 bits in at most kMaxSlices slices, and a stream refers back to at most
/// kMaxReferences pictures, so that neither time nor memory is more than the frame's size explains.
///
/// Thread safety: one thread at a time.
class H264Decoder {
 public:
  static constexpr int kMaxSlices = 16;
  static constexpr int kMaxReferences = 4;

  /// Throws Error kFailedPrecondition when this libavcodec cannot decode H.264.
  H264Decoder();
  ~H264Decoder();
  H264Decoder(H264Decoder&&) noexcept;
  H264Decoder& operator=(H264Decoder&&) noexcept;

  /// The frame that the next access unit of the stream shows. `declared` is the frame's size before
  /// padding. Throws Error kDataLoss (not such an access unit, truncated, another size, a picture
  /// that it refers to is missing) or as CheckFrameSize. After an error the decoder goes on at the
  /// next key frame.
  Image Decode(std::span<const uint8_t> access_unit, FrameSize declared);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shadowtutor::wire

#endif  // SHADOWTUTOR_WIRE_H264_H_
