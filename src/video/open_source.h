// Opens a source of frames by the name that a user gives.
#ifndef SHADOWTUTOR_VIDEO_OPEN_SOURCE_H_
#define SHADOWTUTOR_VIDEO_OPEN_SOURCE_H_

#include <memory>
#include <string>

#include "video/source.h"
#include "video/source_options.h"

namespace shadowtutor::video {

/// `source` is a video or image file, a folder of images (in natural order of their names:
/// frame_2.png before frame_10.png), a camera index ("0") or device ("/dev/video0"), or an RTSP or
/// HTTP address. A file or folder of that name comes first. Throws Error, whose sentence says what
/// was tried and what to do.
std::unique_ptr<Source> OpenSource(const std::string& source, const SourceOptions& options = {});

}  // namespace shadowtutor::video

#endif  // SHADOWTUTOR_VIDEO_OPEN_SOURCE_H_
