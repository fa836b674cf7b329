// Key frames as JPEG, by libjpeg-turbo. A separate library target (shadowtutor_jpeg), because the
// device library needs no codec of pictures.
#ifndef SHADOWTUTOR_WIRE_JPEG_H_
#define SHADOWTUTOR_WIRE_JPEG_H_

#include <cstdint>
#include <span>
#include <vector>

#include "shadowtutor/types.h"
#include "wire/key_frame_encoder.h"

namespace shadowtutor::wire {

/// Encodes a frame as a baseline JPEG in one scan, with half the resolution of colour in both
/// directions (4:2:0). Throws Error kInvalidArgument unless 1 <= quality <= 100,
/// and as CheckFrameSize does for the frame's size. Thread safety: any thread.
std::vector<uint8_t> EncodeJpeg(ImageView frame, int quality = kDefaultJpegQuality);

/// Decodes baseline JPEGs of exactly the declared size. The size in the header is checked before
/// anything is allocated. Progressive files and those of several scans are refused, because a small
/// one can keep a decoder busy for minutes. Throws Error as CheckFrameSize does, and kDataLoss for
/// anything that is not a complete and undamaged baseline JPEG of that size. Thread safety: any
/// thread.
Image DecodeJpeg(std::span<const uint8_t> payload, FrameSize declared);

}  // namespace shadowtutor::wire

#endif  // SHADOWTUTOR_WIRE_JPEG_H_
