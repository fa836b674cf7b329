// Encoders of key frames that the program hands in, as the link takes them.
#ifndef SHADOWTUTOR_API_CLIENT_HANDED_ENCODER_H_
#define SHADOWTUTOR_API_CLIENT_HANDED_ENCODER_H_

#include <functional>
#include <memory>

#include "shadowtutor/link.h"
#include "wire/frame_codec.h"
#include "wire/key_frame_encoder.h"

namespace shadowtutor::api {

struct HandedEncoder {
  wire::FrameCodec codec = wire::FrameCodec::kJpeg;
  wire::KeyFrameEncoderFactory factory;  // empty: the link's own
};

/// Calls `make`, if it is not empty, to see what it makes. Throws what it throws, and Error
/// kInvalidArgument when it makes nothing.
HandedEncoder TakeEncoder(std::function<std::unique_ptr<KeyFrameEncoder>()> make);

}  // namespace shadowtutor::api

#endif  // SHADOWTUTOR_API_CLIENT_HANDED_ENCODER_H_
