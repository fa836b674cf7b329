// The kinds of source that OpenSource chooses from.
#ifndef SHADOWTUTOR_VIDEO_SOURCES_INTERNAL_H_
#define SHADOWTUTOR_VIDEO_SOURCES_INTERNAL_H_

#include <filesystem>
#include <memory>
#include <opencv2/core/mat.hpp>
#include <string>

#include "video/source.h"

namespace shadowtutor::video::internal {

/// A video file, read at the pace of whoever asks.
std::unique_ptr<Source> OpenVideoFile(const std::filesystem::path& file);
/// All images of a folder in the order of their names, or one image file.
std::unique_ptr<Source> OpenImageFolder(const std::filesystem::path& folder);
std::unique_ptr<Source> OpenImageFile(const std::filesystem::path& file);
/// /dev/video<index> on Linux.
std::unique_ptr<Source> OpenCamera(int index);
/// rtsp://, http:// and the like. A recording behind HTTP reads like a file, a stream is live.
std::unique_ptr<Source> OpenAddress(const std::string& address);

/// Whether a file of this name is read as an image rather than as a video.
bool HasImageExtension(const std::filesystem::path& file);
/// "rtsp://user:secret@host/x" without what stands before the @, fit for a terminal or a log.
std::string WithoutCredentials(const std::string& address);

/// Copies a decoded frame; `name` is for the error. Throws Error: kResourceExhausted (over
/// kMaxFrameSide or kMaxFramePixels), kDataLoss (not 8-bit BGR).
void CopyFrame(const cv::Mat& decoded, const std::string& name, Image& frame);

}  // namespace shadowtutor::video::internal

#endif  // SHADOWTUTOR_VIDEO_SOURCES_INTERNAL_H_
