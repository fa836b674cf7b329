// Key frames as pictures, each by itself: raw pixels or JPEG. Part of the library target
// shadowtutor_jpeg.
#ifndef SHADOWTUTOR_WIRE_IMAGE_ENCODER_H_
#define SHADOWTUTOR_WIRE_IMAGE_ENCODER_H_

#include <memory>

#include "wire/frame_codec.h"
#include "wire/key_frame_encoder.h"

namespace shadowtutor::wire {

/// A KeyFrameEncoderFactory for raw pixels and JPEG; it has no encoder for video codecs.
/// Thread safety: any thread.
std::unique_ptr<KeyFrameEncoder> MakeImageEncoder(FrameCodec codec, const KeyFrameQuality& quality);

}  // namespace shadowtutor::wire

#endif  // SHADOWTUTOR_WIRE_IMAGE_ENCODER_H_
