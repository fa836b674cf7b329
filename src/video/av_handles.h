// Owners of FFmpeg's objects, and its errors as text. Internal to video/.
#ifndef SHADOWTUTOR_VIDEO_AV_HANDLES_H_
#define SHADOWTUTOR_VIDEO_AV_HANDLES_H_

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libswscale/swscale.h>
}

#include <memory>
#include <new>
#include <string>

namespace shadowtutor::video::internal {

struct AvFree {
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
  void operator()(SwsContext* scaler) const { sws_freeContext(scaler); }
};
struct AvCloseInput {
  void operator()(AVFormatContext* input) const { avformat_close_input(&input); }
};
/// The owner of `pb` closes that itself.
struct AvFreeOutput {
  void operator()(AVFormatContext* output) const { avformat_free_context(output); }
};

using CodecPtr = std::unique_ptr<AVCodecContext, AvFree>;
using FramePtr = std::unique_ptr<AVFrame, AvFree>;
using PacketPtr = std::unique_ptr<AVPacket, AvFree>;
using SwsPtr = std::unique_ptr<SwsContext, AvFree>;
using InputPtr = std::unique_ptr<AVFormatContext, AvCloseInput>;
using OutputPtr = std::unique_ptr<AVFormatContext, AvFreeOutput>;

/// What FFmpeg's functions that allocate return. Throws std::bad_alloc for null.
template <typename Pointer>
Pointer OrBadAlloc(Pointer pointer) {
  if (!pointer) throw std::bad_alloc();
  return pointer;
}

/// What a negative result of FFmpeg means: "Connection refused".
std::string AvErrorText(int error);

/// Turns off what FFmpeg prints to stderr: it would interrupt progress lines, repeat errors that
/// are reported anyway, and may show passwords. Bounds each piece of memory that FFmpeg takes: a
/// few bytes of a container can announce tables of gigabytes. Thread safety: any thread.
void PrepareFfmpeg();

}  // namespace shadowtutor::video::internal

#endif  // SHADOWTUTOR_VIDEO_AV_HANDLES_H_
