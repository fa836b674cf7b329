// Label maps as PNG files with one 8-bit channel, in which a pixel's value is its class index.
//
// Thread safety: any thread.
#ifndef SHADOWTUTOR_VIDEO_LABEL_PNG_H_
#define SHADOWTUTOR_VIDEO_LABEL_PNG_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "shadowtutor/types.h"

namespace shadowtutor::video {

/// The file name for a frame: "000042.png" for 42. Larger indices get more digits.
std::string LabelFileName(uint64_t frame_index);

/// The bytes of such a PNG. Throws Error: kInvalidArgument (an empty map), kInternal (encoding
/// failed).
std::vector<uint8_t> EncodeLabelPng(const LabelMap& labels);

/// Throws Error: kNotFound, kDataLoss (truncated or corrupt), kInvalidArgument (a correct PNG with
/// a palette or colours instead of one 8-bit grey channel), kResourceExhausted (over kMaxFrameSide
/// or kMaxFramePixels).
LabelMap ReadLabelPng(const std::filesystem::path& file);

}  // namespace shadowtutor::video

#endif  // SHADOWTUTOR_VIDEO_LABEL_PNG_H_
