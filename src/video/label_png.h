// Label maps as PNG files: one 8-bit channel, the pixel's value is its class index.
#ifndef SHADOWTUTOR_VIDEO_LABEL_PNG_H_
#define SHADOWTUTOR_VIDEO_LABEL_PNG_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "shadowtutor/types.h"

namespace shadowtutor::video {

/// "000042.png" for 42; more than six digits where they are needed.
std::string LabelFileName(uint64_t frame_index);

std::vector<uint8_t> EncodeLabelPng(const LabelMap& labels);

/// Throws Error: kNotFound, kDataLoss (truncated, corrupt), kInvalidArgument (a sound PNG that is
/// not one 8-bit grey channel: a palette or colours), kResourceExhausted (over the frame bounds).
LabelMap ReadLabelPng(const std::filesystem::path& file);

}  // namespace shadowtutor::video

#endif  // SHADOWTUTOR_VIDEO_LABEL_PNG_H_
