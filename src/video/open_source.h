// Opens a source of frames by the name that a user gives.
#ifndef SHADOWTUTOR_VIDEO_OPEN_SOURCE_H_
#define SHADOWTUTOR_VIDEO_OPEN_SOURCE_H_

#include <memory>
#include <string>

#include "video/source.h"

namespace shadowtutor::video {

/// `source` is a video or image file, a folder of images (read in the order of their names), a
/// camera index ("0"), or an RTSP or HTTP address. Throws Error, whose sentence says what was tried
/// and what to do.
std::unique_ptr<Source> OpenSource(const std::string& source);

}  // namespace shadowtutor::video

#endif  // SHADOWTUTOR_VIDEO_OPEN_SOURCE_H_
