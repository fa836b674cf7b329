// Key frames on their way to the server: bounds on their size, and the codec for raw pixels. The
// JPEG codec is in wire/jpeg.h.
//
// Thread safety: any thread.
#ifndef SHADOWTUTOR_WIRE_FRAME_CODEC_H_
#define SHADOWTUTOR_WIRE_FRAME_CODEC_H_

#include <cstdint>
#include <span>
#include <vector>

#include "shadowtutor/types.h"

namespace shadowtutor::wire {

enum class FrameCodec : uint8_t {
  kRaw,
  kJpeg,
  // Each key frame is predicted from earlier ones; wire/key_frame_codec.h.
  kH264,
  kVp9,
  kAv1,
};

/// Whether the codec is a video's: a frame is predicted from those before it.
constexpr bool IsVideo(FrameCodec codec) {
  return codec != FrameCodec::kRaw && codec != FrameCodec::kJpeg;
}

/// The coarsest rate factor of video codecs, on x264's scale.
inline constexpr double kMaxCrf = 51;

/// Throws Error kInvalidArgument for a side below 1, kResourceExhausted for a size over
/// kMaxFrameSide or kMaxFramePixels. Must be called with every size that came over the network
/// before memory is allocated for it.
void CheckFrameSize(FrameSize size);

/// Bytes of the raw pixels: BGR, row by row without gaps.
inline size_t RawFrameBytes(FrameSize size) { return size.pixels() * 3; }

/// The pixels as RawFrameBytes bytes. Throws Error as CheckFrameSize does.
std::vector<uint8_t> PackRawFrame(ImageView frame);

/// The inverse of PackRawFrame. Throws Error as CheckFrameSize does, and kDataLoss when the payload
/// does not have exactly RawFrameBytes(declared) bytes.
Image UnpackRawFrame(std::span<const uint8_t> payload, FrameSize declared);

}  // namespace shadowtutor::wire

#endif  // SHADOWTUTOR_WIRE_FRAME_CODEC_H_
