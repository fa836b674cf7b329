#include "wire/key_frame_codec.h"

#include "wire/jpeg.h"

namespace shadowtutor::wire {

std::vector<uint8_t> PackFrame(FrameCodec codec, ImageView frame, int jpeg_quality) {
  switch (codec) {
    case FrameCodec::kRaw:
      return PackRawFrame(frame);
    case FrameCodec::kJpeg:
      return EncodeJpeg(frame, jpeg_quality);
  }
  throw Error(ErrorCode::kInternal, "a key frame is to be packed by a codec that does not exist");
}

Image UnpackFrame(FrameCodec codec, std::span<const uint8_t> payload, FrameSize declared) {
  switch (codec) {
    case FrameCodec::kRaw:
      return UnpackRawFrame(payload, declared);
    case FrameCodec::kJpeg:
      return DecodeJpeg(payload, declared);
  }
  throw Error(ErrorCode::kInvalidArgument,
              "the key frame is packed by an unknown codec; use raw or JPEG");
}

}  // namespace shadowtutor::wire
