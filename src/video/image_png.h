// Encodes frames and overlays as PNG.
#ifndef SHADOWTUTOR_VIDEO_IMAGE_PNG_H_
#define SHADOWTUTOR_VIDEO_IMAGE_PNG_H_

#include <cstdint>
#include <vector>

#include "shadowtutor/types.h"

namespace shadowtutor::video {

/// The bytes of a PNG of a BGR image. Throws Error kInternal when encoding fails. Thread safety:
/// any thread.
std::vector<uint8_t> EncodeImagePng(ImageView image);

}  // namespace shadowtutor::video

#endif  // SHADOWTUTOR_VIDEO_IMAGE_PNG_H_
