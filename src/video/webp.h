// Reads WebP files: pictures and animations.
#ifndef SHADOWTUTOR_VIDEO_WEBP_H_
#define SHADOWTUTOR_VIDEO_WEBP_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "shadowtutor/types.h"

struct WebPAnimDecoder;

namespace shadowtutor::video {

/// Thread safety: one thread at a time.
class WebpReader {
 public:
  /// `file`: the bytes of a whole file. `name`: what errors call it. Throws Error kDataLoss when
  /// this is no WebP file, when its structure is damaged, or when it ends before its first picture
  /// does; kResourceExhausted when the picture is over kMaxFrameSide or kMaxFramePixels. No pixel
  /// is decoded before these checks.
  WebpReader(std::vector<uint8_t> file, std::string name);
  ~WebpReader();
  WebpReader(const WebpReader&) = delete;
  WebpReader& operator=(const WebpReader&) = delete;

  /// Decodes the next frame of the animation, drawn onto the frames before as the file wants it; a
  /// still picture has one frame. What is transparent is over black. `seconds`: when the frame is
  /// shown, 0 for the first. Pixels are as stored, not turned by the file's Exif orientation.
  ///
  /// Returns false after the last frame. Throws Error kDataLoss when a frame is damaged, and, when
  /// the file is truncated, after the frames that are complete. What was thrown once is thrown
  /// again by every later call.
  bool Next(Image& frame, double& seconds);

  FrameSize size() const { return size_; }
  /// The number of frames; of a truncated file, of those that are complete. At least 1.
  int frame_count() const { return frame_count_; }
  /// How long the animation is in seconds, up to the end of the last of these frames. 0 for a still
  /// picture.
  double duration() const { return duration_; }

 private:
  void Cut();
  [[noreturn]] void Fail(ErrorCode code, const std::string& what) const;

  std::vector<uint8_t> file_;
  const std::string name_;
  FrameSize size_;
  int frame_count_ = 0;
  double duration_ = 0;
  bool truncated_ = false;
  int frames_read_ = 0;
  bool damaged_ = false;
  uint64_t milliseconds_ = 0;  // when the next frame is shown
  uint32_t timestamp_ = 0;     // of the decoder: the end of the frame read last, modulo 2^32
  struct Delete {
    void operator()(WebPAnimDecoder* decoder) const;
  };
  std::unique_ptr<WebPAnimDecoder, Delete> decoder_;  // reads file_
};

}  // namespace shadowtutor::video

#endif  // SHADOWTUTOR_VIDEO_WEBP_H_
