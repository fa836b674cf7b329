// Image files: JPEG, PNG, BMP, TIFF, PNM and WebP. Internal to video/.
#ifndef SHADOWTUTOR_VIDEO_PICTURE_FILE_H_
#define SHADOWTUTOR_VIDEO_PICTURE_FILE_H_

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "shadowtutor/types.h"

namespace shadowtutor::video::internal {

/// The longest image file that is read.
inline constexpr size_t kMaxPictureBytes = size_t{256} << 20;

/// Whether a file of this name in a folder counts as an image.
bool HasImageExtension(const std::filesystem::path& file);
/// Whether a file is read as an image rather than as a video: by its content, whatever its name.
bool IsPictureFile(const std::filesystem::path& file);

/// The bytes of an image file. Throws Error as ReadFile does.
std::vector<uint8_t> ReadPictureFile(const std::filesystem::path& file);

enum class PictureKind { kUnknown, kStill, kAnimatedPng, kAnimatedWebp };
/// By the content.
PictureKind PictureKindOf(std::span<const uint8_t> bytes);

/// The picture in the bytes of a file, upright by its EXIF orientation, transparent parts over
/// black; of an animation, the first one. `name` names the file in errors. Throws Error kDataLoss
/// for damaged bytes, kResourceExhausted for too large pictures.
Image DecodePicture(std::span<const uint8_t> bytes, const std::string& name);

}  // namespace shadowtutor::video::internal

#endif  // SHADOWTUTOR_VIDEO_PICTURE_FILE_H_
