#include "wire/h264.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>
}

#include <algorithm>
#include <cstring>
#include <new>
#include <string>

#include "core/text.h"
#include "wire/frame_codec.h"

namespace shadowtutor::wire {
namespace {

// Deleters for libavcodec's objects.
struct Free {
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
  void operator()(SwsContext* scaler) const { sws_freeContext(scaler); }
};
using Context = std::unique_ptr<AVCodecContext, Free>;
using Frame = std::unique_ptr<AVFrame, Free>;
using Packet = std::unique_ptr<AVPacket, Free>;
using Scaler = std::unique_ptr<SwsContext, Free>;

// Exact instead of fast arithmetic, so that all machines compute the same pixels.
constexpr int kExact = SWS_BILINEAR | SWS_ACCURATE_RND | SWS_BITEXACT;

template <typename Pointer>
Pointer OrBadAlloc(Pointer pointer) {
  if (!pointer) throw std::bad_alloc();
  return pointer;
}

std::string Reason(int error) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(error, text, sizeof text);
  return text;
}

[[noreturn]] void Refuse(const std::string& why) {
  throw Error(ErrorCode::kDataLoss, "a frame is not a usable H.264 access unit: " + why);
}

FrameSize Even(FrameSize size) { return {(size.width + 1) & ~1, (size.height + 1) & ~1}; }

// A frame with memory as libavcodec wants it: aligned, and with room for vector instructions that
// read past a row's end.
Frame NewFrame(FrameSize size, AVPixelFormat format) {
  Frame frame(OrBadAlloc(av_frame_alloc()));
  frame->width = size.width;
  frame->height = size.height;
  frame->format = format;
  if (av_frame_get_buffer(frame.get(), 0) < 0) throw std::bad_alloc();
  return frame;
}

Scaler NewScaler(FrameSize size, AVPixelFormat from, AVPixelFormat to) {
  return Scaler(OrBadAlloc(sws_getContext(size.width, size.height, from, size.width, size.height,
                                          to, kExact, nullptr, nullptr, nullptr)));
}

void Convert(SwsContext* scaler, const AVFrame& from, AVFrame& to) {
  sws_scale(scaler, from.data, from.linesize, 0, from.height, to.data, to.linesize);
}

// Turns off libavcodec's log messages; failures are reported as Error. The offset is added to the
// level of a message, and the sum must stay below 256, because libavcodec uses the higher bits for
// something else.
void Silence(AVCodecContext& context) { context.log_level_offset = 100; }

// Checks in the headers of the NAL units that there is one picture in a bounded number of slices. A
// few bytes can encode a whole picture, so without this check a long access unit could make the
// decoder decode millions of them.
void CheckOnePicture(std::span<const uint8_t> bytes) {
  constexpr uint8_t kSlice = 1, kPartitionA = 2, kPartitionC = 4, kKeySlice = 5;
  int slices = 0, pictures = 0;
  for (size_t i = 0; i + 4 < bytes.size(); ++i) {
    if (bytes[i] != 0 || bytes[i + 1] != 0 || bytes[i + 2] != 1) continue;
    const uint8_t type = bytes[i + 3] & 0x1f;
    if (type >= kPartitionA && type <= kPartitionC) Refuse("its slices are partitioned");
    if (type == kSlice || type == kKeySlice) {
      ++slices;
      // A slice begins with the number of its first macroblock as an Exp-Golomb code, in which 0 is
      // a single 1 bit. So a slice with this bit starts a new picture.
      if (bytes[i + 4] & 0x80) ++pictures;
    }
    i += 3;
  }
  if (pictures != 1) Refuse("it holds " + std::to_string(pictures) + " pictures instead of one");
  if (slices > H264Decoder::kMaxSlices) Refuse("its picture is cut into too many slices");
}

}  // namespace

size_t MaxAccessUnitBytes(FrameSize size) { return 2 * RawFrameBytes(size) + (size_t{64} << 10); }

struct H264Encoder::Impl {
  FrameSize size;
  Context context;
  Frame pixels, picture;
  Packet packet;
  Scaler scaler;
  int64_t next = 0;
  bool force_key_frame = false;
};

H264Encoder::H264Encoder(FrameSize size, int crf, double frames_per_second)
    : impl_(std::make_unique<Impl>()) {
  CheckFrameSize(size);
  if (crf < 0 || crf > 51) {
    throw Error(ErrorCode::kInvalidArgument,
                "H.264's rate factor " + std::to_string(crf) + " is not within 0 to 51");
  }
  if (!(frames_per_second > 0)) frames_per_second = 30;
  const AVCodec* codec = avcodec_find_encoder_by_name("libx264");
  if (codec == nullptr) {
    throw Error(ErrorCode::kFailedPrecondition,
                "this system's libavcodec has no x264, which encodes H.264; install a libavcodec "
                "with it (Debian's has), or send frames as JPEG");
  }
  Impl& impl = *impl_;
  impl.size = size;
  const FrameSize even = Even(size);
  impl.context.reset(OrBadAlloc(avcodec_alloc_context3(codec)));
  AVCodecContext& context = *impl.context;
  Silence(context);
  context.width = even.width;
  context.height = even.height;
  context.pix_fmt = AV_PIX_FMT_YUV420P;
  context.framerate = av_d2q(std::clamp(frames_per_second, 1.0, 1000.0), 1001000);
  context.time_base = av_inv_q(context.framerate);
  context.max_b_frames = 0;
  context.thread_count = 1;  // with more, the bytes would depend on the number of threads
  context.color_range = AVCOL_RANGE_MPEG;
  context.colorspace = AVCOL_SPC_SMPTE170M;
  AVDictionary* options = nullptr;
  av_dict_set(&options, "preset", "veryfast", 0);
  av_dict_set(&options, "tune", "zerolatency", 0);
  av_dict_set_int(&options, "crf", crf, 0);
  av_dict_set(&options, "forced-idr", "1", 0);
  // Parameter sets with every key frame, and no log messages: x264 ignores the context's log level.
  av_dict_set(&options, "x264-params", "repeat-headers=1:annexb=1:log=-1", 0);
  const int opened = avcodec_open2(&context, codec, &options);
  av_dict_free(&options);
  if (opened < 0) {
    throw Error(ErrorCode::kInvalidArgument, "x264 does not take frames of " + SizeText(size) +
                                                 " (" + Reason(opened) + "); send them as JPEG");
  }
  impl.pixels = NewFrame(even, AV_PIX_FMT_BGR24);
  impl.picture = NewFrame(even, AV_PIX_FMT_YUV420P);
  impl.packet.reset(OrBadAlloc(av_packet_alloc()));
  impl.scaler = NewScaler(even, AV_PIX_FMT_BGR24, AV_PIX_FMT_YUV420P);
}

H264Encoder::~H264Encoder() = default;
H264Encoder::H264Encoder(H264Encoder&&) noexcept = default;
H264Encoder& H264Encoder::operator=(H264Encoder&&) noexcept = default;

void H264Encoder::SetCrf(double crf) {
  if (!(crf >= 0 && crf <= 51)) {
    throw Error(ErrorCode::kInvalidArgument, "H.264's rate factor must be 0 to 51");
  }
  // x264's part of libavcodec looks at its options before every frame.
  av_opt_set_double(impl_->context->priv_data, "crf", crf, 0);
}

void H264Encoder::ForceKeyFrame() { impl_->force_key_frame = true; }

std::vector<uint8_t> H264Encoder::Encode(ImageView frame) {
  Impl& impl = *impl_;
  if (frame.empty() || frame.size() != impl.size) {
    throw Error(ErrorCode::kInvalidArgument, "a video's frames are of one size, " +
                                                 SizeText(impl.size) + ", and this one is not");
  }
  const size_t row_bytes = size_t{3} * frame.width;
  for (int y = 0; y < impl.pixels->height; ++y) {
    uint8_t* row = impl.pixels->data[0] + ptrdiff_t{y} * impl.pixels->linesize[0];
    std::memcpy(row, frame.row(std::min(y, frame.height - 1)), row_bytes);
    if (impl.pixels->width > frame.width) std::memcpy(row + row_bytes, row + row_bytes - 3, 3);
  }
  // x264 may still use the memory of the previous frame.
  if (av_frame_make_writable(impl.picture.get()) < 0) throw std::bad_alloc();
  Convert(impl.scaler.get(), *impl.pixels, *impl.picture);
  impl.picture->pts = impl.next++;
  impl.picture->pict_type = impl.force_key_frame ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
  impl.force_key_frame = false;

  int result = avcodec_send_frame(impl.context.get(), impl.picture.get());
  if (result >= 0) result = avcodec_receive_packet(impl.context.get(), impl.packet.get());
  if (result < 0) {
    throw Error(ErrorCode::kInternal, "x264 gave no access unit for a frame: " + Reason(result));
  }
  std::vector<uint8_t> unit(impl.packet->data, impl.packet->data + impl.packet->size);
  av_packet_unref(impl.packet.get());
  return unit;
}

struct H264Decoder::Impl {
  void Open();
  Image Show(FrameSize declared);

  const AVCodec* codec = nullptr;
  Context context;
  Frame picture, pixels;
  Packet packet;
  Scaler scaler;
  FrameSize size;  // the padded frame size that the members above were made for
};

void H264Decoder::Impl::Open() {
  context.reset(OrBadAlloc(avcodec_alloc_context3(codec)));
  Silence(*context);
  context->thread_count = 1;  // decoding frames in parallel would delay them
  context->flags |= AV_CODEC_FLAG_LOW_DELAY;
  context->err_recognition = AV_EF_EXPLODE;
  // The decoder checks this before it allocates; 128 is room for alignment.
  context->max_pixels = int64_t{size.width + 128} * (size.height + 128);
  const int opened = avcodec_open2(context.get(), codec, nullptr);
  if (opened < 0) {
    throw Error(ErrorCode::kInternal, "libavcodec's H.264 decoder failed: " + Reason(opened));
  }
}

H264Decoder::H264Decoder() : impl_(std::make_unique<Impl>()) {
  impl_->codec = avcodec_find_decoder(AV_CODEC_ID_H264);
  if (impl_->codec == nullptr) {
    throw Error(ErrorCode::kFailedPrecondition,
                "this system's libavcodec cannot decode H.264; install one that can (Debian's "
                "does), or let clients send JPEG");
  }
  impl_->picture.reset(OrBadAlloc(av_frame_alloc()));
  impl_->packet.reset(OrBadAlloc(av_packet_alloc()));
}

H264Decoder::~H264Decoder() = default;
H264Decoder::H264Decoder(H264Decoder&&) noexcept = default;
H264Decoder& H264Decoder::operator=(H264Decoder&&) noexcept = default;

Image H264Decoder::Decode(std::span<const uint8_t> access_unit, FrameSize declared) {
  Impl& impl = *impl_;
  CheckFrameSize(declared);
  if (access_unit.size() > MaxAccessUnitBytes(declared)) {
    Refuse("it has more bytes than its pixels can take");
  }
  CheckOnePicture(access_unit);
  if (const FrameSize even = Even(declared); !impl.context || impl.size != even) {
    impl.size = even;
    impl.scaler = nullptr;
    impl.Open();
  }
  // A copy, because the decoder reads a little past the end and needs zeros there.
  if (av_new_packet(impl.packet.get(), static_cast<int>(access_unit.size())) < 0) {
    throw std::bad_alloc();
  }
  std::copy(access_unit.begin(), access_unit.end(), impl.packet->data);
  int result = avcodec_send_packet(impl.context.get(), impl.packet.get());
  av_packet_unref(impl.packet.get());
  // A stream that asks for more references would make the decoder keep many frames in memory.
  const bool too_many = impl.context->refs > kMaxReferences;
  if (result >= 0 && !too_many) {
    result = avcodec_receive_frame(impl.context.get(), impl.picture.get());
  }
  if (result < 0 || too_many) {
    impl.context.reset();  // later frames cannot be decoded from its state
    Refuse(too_many ? "it refers to more than " + std::to_string(kMaxReferences) + " pictures"
                    : Reason(result));
  }
  try {
    Image frame = impl.Show(declared);
    av_frame_unref(impl.picture.get());
    return frame;
  } catch (...) {
    av_frame_unref(impl.picture.get());
    impl.context.reset();
    throw;
  }
}

Image H264Decoder::Impl::Show(FrameSize declared) {
  if (picture->format != AV_PIX_FMT_YUV420P || picture->interlaced_frame != 0) {
    Refuse("it is not progressive 4:2:0 of 8 bits in limited range");
  }
  if (FrameSize{picture->width, picture->height} != size) {
    Refuse("its size is " + SizeText({picture->width, picture->height}) + " where the frame's is " +
           SizeText(declared));
  }
  if ((picture->flags & AV_FRAME_FLAG_CORRUPT) != 0 || picture->decode_error_flags != 0) {
    Refuse("its pixels are damaged, or those of a picture that it refers to");
  }
  if (!scaler) {
    scaler = NewScaler(size, AV_PIX_FMT_YUV420P, AV_PIX_FMT_BGR24);
    pixels = NewFrame(size, AV_PIX_FMT_BGR24);
  }
  Convert(scaler.get(), *picture, *pixels);
  Image frame(declared.width, declared.height);
  for (int y = 0; y < declared.height; ++y) {
    std::memcpy(frame.row(y), pixels->data[0] + ptrdiff_t{y} * pixels->linesize[0],
                size_t{3} * declared.width);
  }
  return frame;
}

}  // namespace shadowtutor::wire
