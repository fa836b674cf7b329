// A container or stream, opened for reading its video. Internal to video/.
#ifndef SHADOWTUTOR_VIDEO_INPUT_H_
#define SHADOWTUTOR_VIDEO_INPUT_H_

#include <chrono>
#include <functional>
#include <string>

#include "video/av_handles.h"
#include "video/stop_flag.h"

namespace shadowtutor::video::internal {

/// What is opened, and how.
struct InputRequest {
  std::string url;   // as FFmpeg takes it
  std::string name;  // in messages; without passwords
  /// Longest time that opening, or reading a packet, may take.
  std::chrono::milliseconds timeout{10'000};
  StopFlag stop;
  /// Asked while waiting; true ends it. May be empty.
  std::function<bool()> stop_asked;
  const AVInputFormat* format = nullptr;  // null: found out from the content
  bool device = false;                    // a camera
};

enum class ReadResult { kPacket, kEnd, kFailed, kStopped, kTimedOut };

/// An opened container or stream, and the one of its streams that is the video: the default one,
/// of several the largest; cover art is no video.
///
/// Thread safety: one thread at a time.
class Input {
 public:
  /// Throws Error kDataLoss when there is no video in it, kUnavailable when an address or
  /// device cannot be reached, kCancelled when it was stopped.
  explicit Input(InputRequest request);
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  /// The next packet of any stream.
  ReadResult Read(AVPacket& packet);

  const AVFormatContext& container() const { return *container_; }
  const AVStream& video() const { return *container_->streams[video_]; }
  bool IsVideo(const AVPacket& packet) const { return packet.stream_index == video_; }
  const AVCodec* decoder() const { return decoder_; }
  const std::string& name() const { return request_.name; }
  /// What FFmpeg said of the last read that failed.
  const std::string& failure() const { return failure_; }
  /// Whether it is a recording: a file, or one behind an address. Streams have no known length.
  bool IsRecording() const;
  /// Whether its frames have times and a frame rate. Cameras that send JPEGs over HTTP give
  /// neither, and FFmpeg then assumes 25 frames a second.
  bool HasTimes() const;

 private:
  static int Interrupted(void* self);
  void Open();
  // Whether all that must be known of the video was said before its first frame, as by cameras and
  // RTSP. Otherwise FFmpeg looks at the first frames, for which slow streams take many seconds.
  bool IsDescribed() const;
  void ChooseVideo();
  void BeginWaiting();
  bool Stopped() const;

  const InputRequest request_;
  std::chrono::steady_clock::time_point deadline_;
  InputPtr container_;
  int video_ = -1;
  const AVCodec* decoder_ = nullptr;
  std::string failure_;
};

}  // namespace shadowtutor::video::internal

#endif  // SHADOWTUTOR_VIDEO_INPUT_H_
