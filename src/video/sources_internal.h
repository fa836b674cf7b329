// The kinds of sources among which OpenSource chooses. Internal to video/.
#ifndef SHADOWTUTOR_VIDEO_SOURCES_INTERNAL_H_
#define SHADOWTUTOR_VIDEO_SOURCES_INTERNAL_H_

#include <filesystem>
#include <memory>
#include <string>

#include "video/source.h"
#include "video/source_options.h"
#include "video/stop_flag.h"

namespace shadowtutor::video::internal {

/// A video file, read at the reader's pace. `format` is libavformat's name of the container; null:
/// found out from the content.
std::unique_ptr<Source> OpenVideoFile(const std::filesystem::path& file,
                                      const SourceOptions& options, const char* format = nullptr);
/// All images of a folder, in natural order of their names, without hidden files.
std::unique_ptr<Source> OpenImageFolder(const std::filesystem::path& folder);
/// An image, or the frames of an animated PNG or WebP.
std::unique_ptr<Source> OpenImageFile(const std::filesystem::path& file,
                                      const SourceOptions& options);

/// A camera, by its device: /dev/video0.
std::unique_ptr<Source> OpenCamera(const std::string& device, const SourceOptions& options,
                                   const StopFlag& stop);
/// An address such as rtsp:// or http://. A recording behind HTTP is read like a file; a stream is
/// live.
std::unique_ptr<Source> OpenAddress(const std::string& address, const SourceOptions& options,
                                    const StopFlag& stop);

/// Throws Error kNotFound that says which cameras there are.
[[noreturn]] void NoSuchCamera(int index);

}  // namespace shadowtutor::video::internal

#endif  // SHADOWTUTOR_VIDEO_SOURCES_INTERNAL_H_
