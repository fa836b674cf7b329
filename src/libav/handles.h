// Owners of FFmpeg's objects, and its errors as text: for whoever encodes or decodes.
#ifndef SHADOWTUTOR_LIBAV_HANDLES_H_
#define SHADOWTUTOR_LIBAV_HANDLES_H_

extern "C" {
#include <libavcodec/avcodec.h>
#include <libswscale/swscale.h>
}

#include <memory>
#include <new>
#include <string>

namespace shadowtutor::libav {

struct Free {
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
  void operator()(SwsContext* scaler) const { sws_freeContext(scaler); }
};
using CodecPtr = std::unique_ptr<AVCodecContext, Free>;
using FramePtr = std::unique_ptr<AVFrame, Free>;
using PacketPtr = std::unique_ptr<AVPacket, Free>;
using SwsPtr = std::unique_ptr<SwsContext, Free>;

/// What FFmpeg's functions that allocate return. Throws std::bad_alloc for null.
template <typename Pointer>
Pointer OrBadAlloc(Pointer pointer) {
  if (!pointer) throw std::bad_alloc();
  return pointer;
}

/// What a negative result of FFmpeg means: "Connection refused".
std::string ErrorText(int error);

}  // namespace shadowtutor::libav

#endif  // SHADOWTUTOR_LIBAV_HANDLES_H_
