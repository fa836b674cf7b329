// Turns off the messages that OpenCV and FFmpeg print to stderr. They would interrupt progress
// lines and repeat errors that are reported anyway.
#ifndef SHADOWTUTOR_VIDEO_QUIET_OPENCV_H_
#define SHADOWTUTOR_VIDEO_QUIET_OPENCV_H_

namespace shadowtutor::video {

/// Turns off both; later calls do nothing. A user can set OPENCV_LOG_LEVEL or
/// OPENCV_FFMPEG_LOGLEVEL to see the messages. Must be called before the first use of FFmpeg, when
/// OpenCV reads the level. Thread safety: any thread, but it may set an environment variable.
void QuietOpenCv();

}  // namespace shadowtutor::video

#endif  // SHADOWTUTOR_VIDEO_QUIET_OPENCV_H_
