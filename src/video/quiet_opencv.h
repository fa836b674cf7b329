// OpenCV and FFmpeg print their own remarks to stderr, into the middle of our progress line and
// beside the error that says the same in our words. This turns them off.
#ifndef SHADOWTUTOR_VIDEO_QUIET_OPENCV_H_
#define SHADOWTUTOR_VIDEO_QUIET_OPENCV_H_

namespace shadowtutor::video {

/// Silences both, once per process; calling it again costs nothing. Whoever sets OPENCV_LOG_LEVEL
/// or OPENCV_FFMPEG_LOGLEVEL wants to hear them, and does. Must run before FFmpeg is first used,
/// because OpenCV reads the level then. Thread safety: any thread, but it may set an environment
/// variable.
void QuietOpenCv();

}  // namespace shadowtutor::video

#endif  // SHADOWTUTOR_VIDEO_QUIET_OPENCV_H_
