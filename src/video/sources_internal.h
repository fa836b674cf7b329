// The kinds of sources among which OpenSource chooses. Internal to video/.
#ifndef SHADOWTUTOR_VIDEO_SOURCES_INTERNAL_H_
#define SHADOWTUTOR_VIDEO_SOURCES_INTERNAL_H_

#include <filesystem>
#include <memory>
#include <opencv2/core/mat.hpp>
#include <string>

#include "video/source.h"

namespace shadowtutor::video::internal {

/// A video file, read at the reader's pace.
std::unique_ptr<Source> OpenVideoFile(const std::filesystem::path& file);
/// All images of a folder, in the order of their names.
std::unique_ptr<Source> OpenImageFolder(const std::filesystem::path& folder);
/// A single image.
std::unique_ptr<Source> OpenImageFile(const std::filesystem::path& file);
/// A camera; on Linux /dev/video<index>.
std::unique_ptr<Source> OpenCamera(int index);
/// An address such as rtsp:// or http://. A recording behind HTTP is read like a file; a stream is
/// live.
std::unique_ptr<Source> OpenAddress(const std::string& address);

/// Whether a file of this name is read as an image rather than as a video.
bool HasImageExtension(const std::filesystem::path& file);

/// Copies a decoded frame to `frame`. `name` names the source in errors. Throws Error:
/// kResourceExhausted (over kMaxFrameSide or kMaxFramePixels), kDataLoss (not 8-bit BGR).
void CopyFrame(const cv::Mat& decoded, const std::string& name, Image& frame);

}  // namespace shadowtutor::video::internal

#endif  // SHADOWTUTOR_VIDEO_SOURCES_INTERNAL_H_
