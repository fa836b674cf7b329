#include "api/library_encoder.h"

#include <utility>

namespace shadowtutor::api {

wire::FrameCodec CodecOf(KeyFrameCodec codec) {
  switch (codec) {
    case KeyFrameCodec::kRaw:
      return wire::FrameCodec::kRaw;
    case KeyFrameCodec::kJpeg:
      return wire::FrameCodec::kJpeg;
    case KeyFrameCodec::kH264:
      return wire::FrameCodec::kH264;
    case KeyFrameCodec::kVp9:
      return wire::FrameCodec::kVp9;
    case KeyFrameCodec::kAv1:
      return wire::FrameCodec::kAv1;
  }
  throw Error(ErrorCode::kInvalidArgument, "there is no such codec of key frames");
}

LibraryEncoder::LibraryEncoder(KeyFrameCodec codec, wire::KeyFrameEncoderFactory make)
    : codec_(codec), make_(std::move(make)), encoder_(make_(CodecOf(codec), {})) {}

std::vector<uint8_t> LibraryEncoder::Encode(ImageView frame, bool begin) {
  if (begin) encoder_->Restart();
  std::vector<uint8_t> bytes = encoder_->Encode(frame);
  // Links number the frames of video themselves.
  if (wire::IsVideo(encoder_->codec())) bytes.erase(bytes.begin());
  return bytes;
}

}  // namespace shadowtutor::api
