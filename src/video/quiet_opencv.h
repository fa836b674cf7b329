// Turns off the messages that OpenCV prints to stderr. They would interrupt progress lines and
// repeat errors that are reported anyway.
#ifndef SHADOWTUTOR_VIDEO_QUIET_OPENCV_H_
#define SHADOWTUTOR_VIDEO_QUIET_OPENCV_H_

namespace shadowtutor::video {

/// Later calls do nothing. A user can set OPENCV_LOG_LEVEL to see the messages. Thread safety: any
/// thread.
void QuietOpenCv();

}  // namespace shadowtutor::video

#endif  // SHADOWTUTOR_VIDEO_QUIET_OPENCV_H_
