#include "wire/key_frame_encoder.h"

namespace shadowtutor::wire {

void Validate(const KeyFrameQuality& quality) {
  if (quality.jpeg < 1 || quality.jpeg > 100) {
    throw Error(ErrorCode::kInvalidArgument, "JPEG quality must be 1 to 100");
  }
  if (quality.crf && (*quality.crf < 0 || *quality.crf > kMaxCrf)) {
    throw Error(ErrorCode::kInvalidArgument, "the rate factor of key frames must be 0 to 51");
  }
  Validate(quality.pictures);
}

}  // namespace shadowtutor::wire
