#include "shadowtutor/video_encoder.h"

#include "api/library_encoder.h"
#include "wire/key_frame_codec.h"

namespace shadowtutor {

std::unique_ptr<KeyFrameEncoder> MakeVideoEncoder(KeyFrameCodec codec) {
  return std::make_unique<api::LibraryEncoder>(codec, wire::MakeKeyFrameEncoder);
}

}  // namespace shadowtutor
