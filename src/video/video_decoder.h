// Compressed packets to pictures, within bounds. Internal to video/.
#ifndef SHADOWTUTOR_VIDEO_VIDEO_DECODER_H_
#define SHADOWTUTOR_VIDEO_VIDEO_DECODER_H_

#include <atomic>
#include <string>

#include "shadowtutor/types.h"
#include "video/av_handles.h"

namespace shadowtutor::video::internal {

enum class DecoderUse {
  kVideo,    // several threads, which hold back some pictures
  kLive,     // no picture is held back longer than the stream demands
  kPicture,  // a single image: any damage is an error
};

/// A decoder of FFmpeg's. Refuses pictures over kMaxFrameSide and kMaxFramePixels before it
/// allocates them.
///
/// Thread safety: one thread at a time.
class VideoDecoder {
 public:
  /// `stream` says what is decoded; `name` names the source in errors. Throws Error kDataLoss when
  /// FFmpeg has no decoder for it or refuses it.
  VideoDecoder(const AVCodecParameters& stream, AVRational time_base, std::string name,
               DecoderUse use, const AVCodec* decoder = nullptr);
  ~VideoDecoder();
  VideoDecoder(const VideoDecoder&) = delete;
  VideoDecoder& operator=(const VideoDecoder&) = delete;

  /// Takes a packet, or with null the end. Call Receive until it returns false before the next one.
  /// A damaged packet is counted and otherwise ignored.
  void Send(const AVPacket* packet);
  /// The next picture; false when the decoder needs more packets. Throws Error kResourceExhausted
  /// for pictures over the bounds.
  bool Receive(AVFrame& picture);

  /// How many packets could not be decoded, or only in part.
  int64_t damaged() const { return damaged_; }

 private:
  static int GetBuffer(AVCodecContext* context, AVFrame* picture, int flags);
  void ThrowIfOverBounds();

  const std::string name_;
  // The size that was refused last, its width in the high half; written by the decoder's threads.
  std::atomic<uint64_t> refused_{0};
  CodecPtr context_;
  int64_t damaged_ = 0;
};

}  // namespace shadowtutor::video::internal

#endif  // SHADOWTUTOR_VIDEO_VIDEO_DECODER_H_
