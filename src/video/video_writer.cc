#include "video/video_writer.h"

extern "C" {
#include <libavutil/opt.h>
}

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <initializer_list>

#include "core/text.h"
#include "video/av_handles.h"

namespace shadowtutor::video::internal {
namespace {

constexpr int kBufferBytes = 1 << 16;
constexpr int64_t kTicksPerSecond = 90'000;  // at least, where the container has a choice
constexpr int kMost4PartTwoTicks = 65'535;   // MPEG-4 part 2 counts them in 16 bits
constexpr int kCrf = 23;                     // x264's own default quality
constexpr int kKeyFrameInterval = 250;       // in frames, at most

struct FreeIo {
  void operator()(AVIOContext* io) const {
    av_freep(&io->buffer);
    avio_context_free(&io);
  }
};

// A file descriptor for FFmpeg. Addresses are not used, because FFmpeg would take a part of some
// file names for a protocol.
struct File {
  int descriptor = -1;
  int error = 0;  // errno of the first write that failed
};

int WriteFile(void* opaque, uint8_t* bytes, int size) {
  auto& file = *static_cast<File*>(opaque);
  int done = 0;
  while (done < size) {
    const ssize_t n = write(file.descriptor, bytes + done, static_cast<size_t>(size - done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      file.error = n < 0 ? errno : ENOSPC;
      return AVERROR(file.error);
    }
    done += static_cast<int>(n);
  }
  return size;
}

int64_t SeekFile(void* opaque, int64_t offset, int whence) {
  auto& file = *static_cast<File*>(opaque);
  if (whence == AVSEEK_SIZE) {
    const off_t here = lseek(file.descriptor, 0, SEEK_CUR);
    const off_t end = lseek(file.descriptor, 0, SEEK_END);
    lseek(file.descriptor, here, SEEK_SET);
    return end;
  }
  const off_t place = lseek(file.descriptor, offset, whence & ~AVSEEK_FORCE);
  return place < 0 ? AVERROR(errno) : place;
}

// Ticks in which a frame of the rate lasts a whole number, so that steady videos stay steady.
AVRational TimeBase(double rate, int64_t least, int64_t most) {
  constexpr int kExact = 1'001'000;  // enough for 24000/1001 and the like
  const AVRational exact = av_d2q(rate, kExact);
  if (exact.num <= 0 || exact.num > most) return {1, static_cast<int>(std::min(least, most))};
  const int64_t multiple = std::max<int64_t>(1, std::min(least, most) / exact.num);
  return {1, static_cast<int>(exact.num * multiple)};
}

}  // namespace

struct VideoWriter::Impl {
  FrameSize size;
  File file;
  std::unique_ptr<AVIOContext, FreeIo> io;
  CodecPtr codec;
  OutputPtr output;
  SwsPtr scaler;
  FramePtr picture;
  PacketPtr packet;
  AVStream* stream = nullptr;
  int64_t frame_ticks = 1;

  bool Open(const char* encoder, const VideoFormat& format);
  void Check(int result) const;
  void Send(const AVFrame* frame);
};

// Throws for an error of FFmpeg, or of the disk, which FFmpeg may report late or not at all.
void VideoWriter::Impl::Check(int result) const {
  if (file.error != 0) throw Error(ErrorCode::kUnavailable, std::strerror(file.error));
  if (result < 0) throw Error(ErrorCode::kUnavailable, libav::ErrorText(result));
}

// Returns false when FFmpeg lacks the encoder or it does not take the frames.
bool VideoWriter::Impl::Open(const char* encoder, const VideoFormat& format) {
  const AVCodec* const found = avcodec_find_encoder_by_name(encoder);
  if (found == nullptr) return false;
  codec.reset(OrBadAlloc(avcodec_alloc_context3(found)));
  AVCodecContext& context = *codec;
  const bool h264 = found->id == AV_CODEC_ID_H264;
  const bool hd = format.size.height >= 720;
  context.width = format.size.width;
  context.height = format.size.height;
  context.pix_fmt = AV_PIX_FMT_YUV420P;
  context.framerate = av_d2q(format.frames_per_second, 1'001'000);
  if (format.container == "matroska") {
    context.time_base = {1, 1000};  // the container's own
  } else {
    context.time_base = TimeBase(format.frames_per_second, kTicksPerSecond,
                                 h264 ? int64_t{1} << 24 : kMost4PartTwoTicks);
  }
  context.gop_size = kKeyFrameInterval;
  // Without them, frames are stored in the order in which they are shown, from time 0 on.
  context.max_b_frames = 0;
  context.color_range = AVCOL_RANGE_MPEG;
  context.colorspace = hd ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
  context.color_primaries = AVCOL_PRI_BT709;
  context.color_trc = AVCOL_TRC_BT709;
  context.chroma_sample_location = AVCHROMA_LOC_LEFT;
  context.sample_aspect_ratio = {1, 1};
  if ((output->oformat->flags & AVFMT_GLOBALHEADER) != 0) {
    context.flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  }
  AVDictionary* options = nullptr;
  if (h264) {
    av_dict_set_int(&options, "crf", kCrf, 0);
    av_dict_set(&options, "x264-params", "log=-1", 0);  // x264 has a log of its own
  } else {
    context.flags |= AV_CODEC_FLAG_QSCALE;
    context.global_quality = 3 * FF_QP2LAMBDA;
    context.codec_tag = 0;
  }
  const int opened = avcodec_open2(&context, found, &options);
  av_dict_free(&options);
  return opened >= 0;
}

VideoWriter::VideoWriter(int descriptor, const VideoFormat& format)
    : impl_(std::make_unique<Impl>()) {
  PrepareFfmpeg();
  Impl& impl = *impl_;
  impl.size = format.size;
  impl.file.descriptor = descriptor;
  AVFormatContext* output = nullptr;
  if (avformat_alloc_output_context2(&output, nullptr, format.container.c_str(), nullptr) < 0) {
    throw Error(ErrorCode::kUnavailable,
                "this system's FFmpeg cannot write " + format.container + " files");
  }
  impl.output.reset(output);
  if (!impl.Open("libx264", format) && !impl.Open("mpeg4", format)) {
    throw Error(ErrorCode::kUnavailable,
                "this system's FFmpeg has neither an H.264 nor an MPEG-4 encoder for frames of " +
                    SizeText(format.size));
  }
  impl.packet.reset(OrBadAlloc(av_packet_alloc()));
  impl.picture.reset(OrBadAlloc(av_frame_alloc()));
  impl.picture->width = format.size.width;
  impl.picture->height = format.size.height;
  impl.picture->format = AV_PIX_FMT_YUV420P;
  impl.picture->color_range = impl.codec->color_range;
  impl.picture->colorspace = impl.codec->colorspace;
  if (av_frame_get_buffer(impl.picture.get(), 0) < 0) throw std::bad_alloc();

  const int width = format.size.width, height = format.size.height;
  impl.scaler.reset(OrBadAlloc(sws_getContext(
      width, height, AV_PIX_FMT_BGR24, width, height, AV_PIX_FMT_YUV420P,
      SWS_BILINEAR | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INP, nullptr, nullptr, nullptr)));
  const int* const coefficients = sws_getCoefficients(impl.codec->colorspace);
  sws_setColorspaceDetails(impl.scaler.get(), coefficients, /*srcRange=*/1, coefficients,
                           /*dstRange=*/0, 0, 1 << 16, 1 << 16);

  auto* const buffer = static_cast<uint8_t*>(OrBadAlloc(av_malloc(kBufferBytes)));
  impl.io.reset(OrBadAlloc(avio_alloc_context(buffer, kBufferBytes, /*write_flag=*/1, &impl.file,
                                              nullptr, WriteFile, SeekFile)));
  output->pb = impl.io.get();
  output->flags |= AVFMT_FLAG_CUSTOM_IO;
  impl.stream = OrBadAlloc(avformat_new_stream(output, nullptr));
  impl.stream->time_base = impl.codec->time_base;
  impl.stream->avg_frame_rate = impl.codec->framerate;
  impl.Check(avcodec_parameters_from_context(impl.stream->codecpar, impl.codec.get()));
  AVDictionary* options = nullptr;
  av_dict_set(&options, "movflags", "+write_colr", 0);
  const int written = avformat_write_header(output, &options);
  av_dict_free(&options);
  impl.Check(written);
  avio_flush(impl.io.get());
  impl.Check(0);
  impl.frame_ticks =
      std::max<int64_t>(1, std::llround(ticks_per_second() / format.frames_per_second));
}

VideoWriter::~VideoWriter() = default;

double VideoWriter::ticks_per_second() const { return 1 / av_q2d(impl_->codec->time_base); }

// A null frame asks for the packets of those that the encoder still holds.
void VideoWriter::Impl::Send(const AVFrame* frame) {
  Check(avcodec_send_frame(codec.get(), frame));
  while (true) {
    const int result = avcodec_receive_packet(codec.get(), packet.get());
    if (result == AVERROR(EAGAIN) || result == AVERROR_EOF) return;
    Check(result);
    packet->stream_index = stream->index;
    packet->duration = frame_ticks;  // counts for the last frame; others last until the next
    av_packet_rescale_ts(packet.get(), codec->time_base, stream->time_base);
    Check(av_write_frame(output.get(), packet.get()));
    av_packet_unref(packet.get());
  }
}

void VideoWriter::Write(ImageView frame, int64_t tick) {
  Impl& impl = *impl_;
  if (frame.size() != impl.size) {
    throw Error(ErrorCode::kInvalidArgument, "a video's frames are of one size, " +
                                                 SizeText(impl.size) + ", and this one is not");
  }
  // The encoder may still use the memory of an earlier frame.
  if (av_frame_make_writable(impl.picture.get()) < 0) throw std::bad_alloc();
  const uint8_t* const rows[] = {frame.data, nullptr, nullptr, nullptr};
  const int strides[] = {static_cast<int>(frame.stride), 0, 0, 0};
  sws_scale(impl.scaler.get(), rows, strides, 0, frame.height, impl.picture->data,
            impl.picture->linesize);
  impl.picture->pts = tick;
  impl.Send(impl.picture.get());
}

void VideoWriter::Finish() {
  Impl& impl = *impl_;
  impl.Send(nullptr);
  const int written = av_write_trailer(impl.output.get());
  avio_flush(impl.io.get());
  impl.Check(written);
}

}  // namespace shadowtutor::video::internal
