#include "video/video_decoder.h"

#include <algorithm>
#include <limits>
#include <thread>
#include <utility>

#include "video/picture.h"

namespace shadowtutor::video::internal {
namespace {

constexpr unsigned kMaxThreads = 4;

// Video codecs that gain by decoding several pictures at once. Decoders of picture formats are left
// out: with threads, damaged WebP aborts in FFmpeg 5.1.
bool DecodesPicturesAtOnce(AVCodecID codec) {
  switch (codec) {
    case AV_CODEC_ID_H264:
    case AV_CODEC_ID_HEVC:
    case AV_CODEC_ID_VP8:
    case AV_CODEC_ID_VP9:
    case AV_CODEC_ID_AV1:
    case AV_CODEC_ID_MPEG4:
      return true;
    default:
      return false;
  }
}

void DeclareCallbacksThreadSafe(AVCodecContext& context) {
#if LIBAVCODEC_VERSION_MAJOR < 60  // from then on they always are
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  context.thread_safe_callbacks = 1;
#pragma GCC diagnostic pop
#else
  static_cast<void>(context);
#endif
}

}  // namespace

VideoDecoder::VideoDecoder(const AVCodecParameters& stream, AVRational time_base, std::string name,
                           DecoderUse use, const AVCodec* decoder)
    : name_(std::move(name)) {
  if (!decoder) decoder = avcodec_find_decoder(stream.codec_id);
  if (!decoder) {
    throw Error(ErrorCode::kDataLoss,
                "cannot decode " + name_ + ": this system's FFmpeg has no decoder for " +
                    avcodec_get_name(stream.codec_id) + "; convert it to H.264 first");
  }
  context_.reset(OrBadAlloc(avcodec_alloc_context3(decoder)));
  if (avcodec_parameters_to_context(context_.get(), &stream) < 0) throw std::bad_alloc();
  context_->pkt_timebase = time_base;
  context_->opaque = this;
  context_->get_buffer2 = GetBuffer;  // safe for several threads
  // Decoders allocate tables before they ask for the picture's memory, where its exact size is
  // checked. Coded sizes are up to a block larger than the picture's.
  context_->max_pixels = 2 * static_cast<int64_t>(kMaxFramePixels);
  if (use == DecoderUse::kPicture) {
    // Decoders of pictures have no such tables, and GetBuffer's sentence tells more.
    context_->max_pixels = std::numeric_limits<int>::max();
  } else if (stream.width > 0 && stream.height > 0) {
    CheckPictureSize({stream.width, stream.height}, name_);
  }
  DeclareCallbacksThreadSafe(*context_);
  if (use == DecoderUse::kVideo && DecodesPicturesAtOnce(stream.codec_id)) {
    context_->thread_count =
        static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1u, kMaxThreads));
    context_->thread_type = FF_THREAD_FRAME | FF_THREAD_SLICE;
  } else {
    context_->thread_count = 1;
  }
  if (use == DecoderUse::kPicture) {
    context_->err_recognition = AV_EF_EXPLODE | AV_EF_BITSTREAM | AV_EF_BUFFER | AV_EF_CRCCHECK;
  }
  if (const int error = avcodec_open2(context_.get(), decoder, nullptr); error < 0) {
    throw Error(ErrorCode::kDataLoss, "cannot decode " + name_ + ": " + decoder->name +
                                          " says: " + libav::ErrorText(error));
  }
}

VideoDecoder::~VideoDecoder() = default;

int VideoDecoder::GetBuffer(AVCodecContext* context, AVFrame* picture, int flags) {
  // The picture's own size is that of whole blocks, which are cropped later.
  const FrameSize size{context->width, context->height};
  if (!IsPictureSize(size)) {
    static_cast<VideoDecoder*>(context->opaque)->refused_ =
        (static_cast<uint64_t>(static_cast<uint32_t>(size.width)) << 32) |
        static_cast<uint32_t>(size.height);
    return AVERROR(EINVAL);
  }
  return avcodec_default_get_buffer2(context, picture, flags);
}

void VideoDecoder::ThrowIfOverBounds() {
  const uint64_t refused = refused_.exchange(0);
  if (refused == 0) return;
  CheckPictureSize({static_cast<int>(refused >> 32), static_cast<int>(refused & 0xffffffff)},
                   name_);
}

void VideoDecoder::Send(const AVPacket* packet) {
  const int error = avcodec_send_packet(context_.get(), packet);
  if (error == AVERROR(ENOMEM)) throw std::bad_alloc();
  if (error < 0 && error != AVERROR_EOF) {
    ++damaged_;
    ThrowIfOverBounds();
  }
}

bool VideoDecoder::Receive(AVFrame& picture) {
  // Errors in a row, of which there may be one for each thread.
  for (int errors = 0; errors < 2 * static_cast<int>(kMaxThreads); ++errors) {
    const int error = avcodec_receive_frame(context_.get(), &picture);
    if (error == AVERROR(ENOMEM)) throw std::bad_alloc();
    if (error == AVERROR(EAGAIN) || error == AVERROR_EOF) return false;
    if (error < 0) {
      // With several threads the errors of a packet come later than its Send.
      ++damaged_;
      ThrowIfOverBounds();
      continue;
    }
    if ((picture.flags & AV_FRAME_FLAG_CORRUPT) != 0 || picture.decode_error_flags != 0) {
      ++damaged_;
    }
    return true;
  }
  return false;
}

}  // namespace shadowtutor::video::internal
