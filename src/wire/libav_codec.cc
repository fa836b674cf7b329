#include "wire/libav_codec.h"

namespace shadowtutor::wire {
namespace {

// Exact instead of fast arithmetic, so that all machines compute the same pixels. Colours are
// averaged over the pixels that share them, and interpolated on the way back: there and back leaves
// 45 to 48 dB, where libswscale's shortcuts leave 42 to 44 (docs/traffic.md).
constexpr int kExact = SWS_ACCURATE_RND | SWS_BITEXACT;
constexpr int kToPicture = kExact | SWS_AREA | SWS_FULL_CHR_H_INP;
constexpr int kFromPicture = kExact | SWS_BICUBIC | SWS_FULL_CHR_H_INT;

libav::SwsPtr NewScaler(FrameSize size, AVPixelFormat from, AVPixelFormat to, int flags) {
  return libav::SwsPtr(
      libav::OrBadAlloc(sws_getContext(size.width, size.height, from, size.width, size.height, to,
                                       flags, nullptr, nullptr, nullptr)));
}

}  // namespace

const LibavCodec& FindLibavCodec(FrameCodec codec) {
  switch (codec) {
    case FrameCodec::kH264:
      return H264Codec();
    case FrameCodec::kVp9:
      return Vp9Codec();
    case FrameCodec::kAv1:
      return Av1Codec();
    case FrameCodec::kRaw:
    case FrameCodec::kJpeg:
      break;
  }
  throw Error(ErrorCode::kInvalidArgument,
              "the codec for video does not exist; use H.264, VP9 or AV1");
}

void RefuseUnit(const LibavCodec& codec, const std::string& why) {
  throw Error(ErrorCode::kDataLoss,
              "a frame is not a usable " + std::string(codec.name) + " access unit: " + why);
}

double QuantizerOf(std::span<const CrfPoint> points, double crf) {
  if (crf <= points.front().crf) return points.front().quantizer;
  for (size_t i = 1; i < points.size(); ++i) {
    const CrfPoint &from = points[i - 1], &to = points[i];
    if (crf > to.crf) continue;
    return from.quantizer +
           (crf - from.crf) * (to.quantizer - from.quantizer) / (to.crf - from.crf);
  }
  return points.back().quantizer;
}

// The offset is added to the level of a message, and the sum must stay below 256, because
// libavcodec uses the higher bits for something else.
void Silence(AVCodecContext& context) { context.log_level_offset = 100; }

FrameSize Even(FrameSize size) { return {(size.width + 1) & ~1, (size.height + 1) & ~1}; }

libav::FramePtr NewFrame(FrameSize size, AVPixelFormat format) {
  libav::FramePtr frame(libav::OrBadAlloc(av_frame_alloc()));
  frame->width = size.width;
  frame->height = size.height;
  frame->format = format;
  if (av_frame_get_buffer(frame.get(), 0) < 0) throw std::bad_alloc();
  return frame;
}

libav::SwsPtr ToPicture(FrameSize size) {
  return NewScaler(size, AV_PIX_FMT_BGR24, AV_PIX_FMT_YUV420P, kToPicture);
}

libav::SwsPtr FromPicture(FrameSize size) {
  return NewScaler(size, AV_PIX_FMT_YUV420P, AV_PIX_FMT_BGR24, kFromPicture);
}

void Convert(SwsContext* scaler, const AVFrame& from, AVFrame& to) {
  sws_scale(scaler, from.data, from.linesize, 0, from.height, to.data, to.linesize);
}

}  // namespace shadowtutor::wire
