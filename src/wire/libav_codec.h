// What VideoEncoder and VideoDecoder must know of a codec, and what they share. For the sources of
// shadowtutor_video_coder alone.
#ifndef SHADOWTUTOR_WIRE_LIBAV_CODEC_H_
#define SHADOWTUTOR_WIRE_LIBAV_CODEC_H_

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/dict.h>
#include <libavutil/frame.h>
#include <libswscale/swscale.h>
}

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "libav/handles.h"
#include "shadowtutor/types.h"
#include "wire/frame_codec.h"

namespace shadowtutor::wire {

// One codec. The functions may be called by any thread.
struct LibavCodec {
  const char* name;                   // for sentences
  const char* encoder;                // libavcodec's name
  const char* encoder_library;        // for sentences
  std::vector<const char*> decoders;  // libavcodec's names, the best first
  // Pictures that a decoder may keep for prediction. Only H.264's streams say how many; the others'
  // formats have this bound.
  int max_references;
  double coarsest_crf;  // that still makes a difference
  // Whether the rate factor of a stream's first frame is that with which the encoder was opened.
  bool first_crf_is_fixed;
  // Adds the encoder's options; `crf` is within 0 to kMaxCrf.
  void (*add_options)(AVDictionary*& options, double crf);
  // Gives `frame`, which is encoded next, the rate factor `crf`. The encoder was opened with
  // `opened_crf`. Null: that is not possible.
  void (*set_crf)(AVCodecContext& encoder, AVFrame& frame, double opened_crf, double crf);
  // Looks at the headers of an access unit. Throws Error kDataLoss unless it holds one shown
  // picture of `padded` pixels; `padded` need not be checked where libavcodec does before it
  // allocates. A few bytes can encode a whole picture, so without this check a long access unit
  // could make the decoder decode millions of them.
  void (*check)(std::span<const uint8_t> access_unit, FrameSize padded);
};

const LibavCodec& H264Codec();
const LibavCodec& Vp9Codec();
const LibavCodec& Av1Codec();
// Throws Error kInvalidArgument for a codec that is not a video's.
const LibavCodec& FindLibavCodec(FrameCodec codec);

// Throws Error kDataLoss.
[[noreturn]] void RefuseUnit(const LibavCodec& codec, const std::string& why);

// A rate factor on x264's scale becomes a quantizer of another codec: linear between the points,
// which are in ascending order.
struct CrfPoint {
  double crf, quantizer;
};
double QuantizerOf(std::span<const CrfPoint> points, double crf);

// Turns off libavcodec's log messages; failures are reported as Error.
void Silence(AVCodecContext& context);

// The size with odd sides padded.
FrameSize Even(FrameSize size);

// A frame with memory as libavcodec wants it: aligned, and with room for vector instructions that
// read past a row's end.
libav::FramePtr NewFrame(FrameSize size, AVPixelFormat format);

// Convert BGR to 4:2:0 and back, the same on all machines.
libav::SwsPtr ToPicture(FrameSize size);
libav::SwsPtr FromPicture(FrameSize size);
void Convert(SwsContext* scaler, const AVFrame& from, AVFrame& to);

}  // namespace shadowtutor::wire

#endif  // SHADOWTUTOR_WIRE_LIBAV_CODEC_H_
