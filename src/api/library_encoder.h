// Encoders of key frames that the library has itself, behind the public interface.
#ifndef SHADOWTUTOR_API_LIBRARY_ENCODER_H_
#define SHADOWTUTOR_API_LIBRARY_ENCODER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "shadowtutor/link.h"
#include "wire/frame_codec.h"
#include "wire/key_frame_encoder.h"

namespace shadowtutor::api {

/// Throws Error kInvalidArgument for a value that is no codec.
wire::FrameCodec CodecOf(KeyFrameCodec codec);

/// A link takes the factory instead of the encoder, so that the pictures get the quality that the
/// server wants.
///
/// Thread safety: one thread at a time.
class LibraryEncoder final : public KeyFrameEncoder {
 public:
  /// Throws what the factory throws.
  LibraryEncoder(KeyFrameCodec codec, wire::KeyFrameEncoderFactory make);

  KeyFrameCodec codec() const override { return codec_; }
  std::vector<uint8_t> Encode(ImageView frame, bool begin) override;
  const wire::KeyFrameEncoderFactory& factory() const { return make_; }

 private:
  const KeyFrameCodec codec_;
  const wire::KeyFrameEncoderFactory make_;
  const std::unique_ptr<wire::KeyFrameEncoder> encoder_;
};

}  // namespace shadowtutor::api

#endif  // SHADOWTUTOR_API_LIBRARY_ENCODER_H_
