// Image files as FFmpeg's decoders should see them. Internal to video/.
#ifndef SHADOWTUTOR_VIDEO_PICTURE_BYTES_H_
#define SHADOWTUTOR_VIDEO_PICTURE_BYTES_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace shadowtutor::video::internal {

/// A TIFF file whose first directory names only what FFmpeg's decoder knows, so that the decoder
/// can be told to refuse every damage. Throws Error kDataLoss for ways of compression that FFmpeg
/// takes without a word and decodes to black (JPEG among them). `name` names the file in errors.
std::vector<uint8_t> WithKnownTags(std::span<const uint8_t> tiff, const std::string& name);

/// A PNG file without its texts and colour profiles, which decoders inflate without a bound.
std::vector<uint8_t> WithoutTexts(std::span<const uint8_t> png);

}  // namespace shadowtutor::video::internal

#endif  // SHADOWTUTOR_VIDEO_PICTURE_BYTES_H_
