// From what a user names to a source of frames.
#ifndef SHADOWTUTOR_VIDEO_OPEN_SOURCE_H_
#define SHADOWTUTOR_VIDEO_OPEN_SOURCE_H_

#include <memory>
#include <string>

#include "video/source.h"

namespace shadowtutor::video {

/// `source`: a file, a folder of images (sorted by name), a camera index ("0"), or an RTSP/HTTP
/// address. Throws Error that says what was tried and what to do.
std::unique_ptr<Source> OpenSource(const std::string& source);

}  // namespace shadowtutor::video

#endif  // SHADOWTUTOR_VIDEO_OPEN_SOURCE_H_
