// The frames of an opened container or stream. Internal to video/.
#ifndef SHADOWTUTOR_VIDEO_INPUT_SOURCE_H_
#define SHADOWTUTOR_VIDEO_INPUT_SOURCE_H_

#include <functional>
#include <memory>
#include <string>

#include "video/input.h"
#include "video/source.h"

namespace shadowtutor::video::internal {

/// Opens it, and decodes its first frame. Read gives the frames in the order of their times; it
/// throws Error kDataLoss once when a recording breaks off, kDeadlineExceeded when a frame does not
/// come in time, kUnavailable when a stream fails, and as PictureConverter does. `log` (may be
/// empty) is told once when parts are damaged.
/// Throws Error as Input does, and kDataLoss when there is no frame.
std::unique_ptr<Source> OpenInput(InputRequest request,
                                  std::function<void(const std::string&)> log);

}  // namespace shadowtutor::video::internal

#endif  // SHADOWTUTOR_VIDEO_INPUT_SOURCE_H_
