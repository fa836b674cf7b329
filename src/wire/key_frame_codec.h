// A key frame's pixels to bytes and back, by whichever codec a session has. Part of the library
// target shadowtutor_jpeg, because JPEG needs OpenCV.
#ifndef SHADOWTUTOR_WIRE_KEY_FRAME_CODEC_H_
#define SHADOWTUTOR_WIRE_KEY_FRAME_CODEC_H_

#include <cstdint>
#include <span>
#include <vector>

#include "shadowtutor/types.h"
#include "wire/frame_codec.h"

namespace shadowtutor::wire {

/// `jpeg_quality` is 1 to 100 and counts for JPEG alone. Throws Error as EncodeJpeg, and
/// kInternal for a codec that does not exist.
/// Thread safety: any thread.
std::vector<uint8_t> PackFrame(FrameCodec codec, ImageView frame, int jpeg_quality);

/// `payload` comes from the network. Throws Error kDataLoss when it is not a frame of the declared
/// size in this codec, kInvalidArgument for a codec that does not exist, and as CheckFrameSize.
/// Thread safety: any thread.
Image UnpackFrame(FrameCodec codec, std::span<const uint8_t> payload, FrameSize declared);

}  // namespace shadowtutor::wire

#endif  // SHADOWTUTOR_WIRE_KEY_FRAME_CODEC_H_
