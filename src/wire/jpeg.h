// Key frames as JPEG. A library target of its own (shadowtutor_jpeg): it brings OpenCV, which the
// device library does without.
#ifndef SHADOWTUTOR_WIRE_JPEG_H_
#define SHADOWTUTOR_WIRE_JPEG_H_

#include <cstdint>
#include <span>
#include <vector>

#include "shadowtutor/types.h"

namespace shadowtutor::wire {

inline constexpr int kDefaultJpegQuality = 90;

/// Throws Error kInvalidArgument unless 1 <= quality <= 100 and the frame is within bounds.
/// Thread safety: any thread.
std::vector<uint8_t> EncodeJpeg(ImageView frame, int quality = kDefaultJpegQuality);

/// Decodes what EncodeJpeg makes: baseline JPEGs of exactly the declared size. The size is read off
/// the header before anything is allocated. Progressive files are refused because a small one can
/// cost a decoder minutes.
/// Throws Error kDataLoss (not such a JPEG, truncated, another size) or as CheckFrameSize.
Image DecodeJpeg(std::span<const uint8_t> payload, FrameSize declared);

}  // namespace shadowtutor::wire

#endif  // SHADOWTUTOR_WIRE_JPEG_H_
