#include <algorithm>
#include <cstring>
#include <string>

#include "core/text.h"
#include "wire/libav_codec.h"
#include "wire/video_coder.h"

namespace shadowtutor::wire {
namespace {

const AVCodec* FindDecoder(const LibavCodec& codec, const std::string& library) {
  for (const char* name : codec.decoders) {
    if (!library.empty() && library != name) continue;
    if (const AVCodec* found = avcodec_find_decoder_by_name(name)) return found;
  }
  throw Error(ErrorCode::kFailedPrecondition,
              "this system's libavcodec cannot decode " + std::string(codec.name) +
                  (library.empty() ? "" : " with " + library) +
                  "; install one that can (Debian's does), or let clients send JPEG");
}

}  // namespace

struct VideoDecoder::Impl {
  void Open();
  Image Show(FrameSize declared);

  const LibavCodec& codec;
  const AVCodec* decoder;
  libav::CodecPtr context = nullptr;
  libav::FramePtr picture = nullptr, pixels = nullptr;
  libav::PacketPtr packet = nullptr;
  libav::SwsPtr scaler = nullptr;
  FrameSize size = {};  // the padded frame size that the members above were made for
};

void VideoDecoder::Impl::Open() {
  context.reset(libav::OrBadAlloc(avcodec_alloc_context3(decoder)));
  Silence(*context);
  context->thread_count = 1;  // decoding frames in parallel would delay them
  context->flags |= AV_CODEC_FLAG_LOW_DELAY;
  context->err_recognition = AV_EF_EXPLODE;
  // The decoder checks this before it allocates; 128 is room for alignment.
  context->max_pixels = int64_t{size.width + 128} * (size.height + 128);
  const int opened = avcodec_open2(context.get(), decoder, nullptr);
  if (opened < 0) {
    throw Error(ErrorCode::kInternal, "libavcodec's " + std::string(codec.name) +
                                          " decoder failed: " + libav::ErrorText(opened));
  }
}

VideoDecoder::VideoDecoder(FrameCodec codec, const std::string& library) {
  const LibavCodec& found = FindLibavCodec(codec);
  impl_ = std::make_unique<Impl>(Impl{.codec = found, .decoder = FindDecoder(found, library)});
  impl_->picture.reset(libav::OrBadAlloc(av_frame_alloc()));
  impl_->packet.reset(libav::OrBadAlloc(av_packet_alloc()));
}

VideoDecoder::~VideoDecoder() = default;
VideoDecoder::VideoDecoder(VideoDecoder&&) noexcept = default;
VideoDecoder& VideoDecoder::operator=(VideoDecoder&&) noexcept = default;

Image VideoDecoder::Decode(std::span<const uint8_t> access_unit, FrameSize declared) {
  Impl& impl = *impl_;
  CheckFrameSize(declared);
  if (access_unit.size() > MaxAccessUnitBytes(declared)) {
    RefuseUnit(impl.codec, "it has more bytes than its pixels can take");
  }
  impl.codec.check(access_unit, Even(declared));
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
  const bool too_many = impl.context->refs > impl.codec.max_references;
  if (result >= 0 && !too_many) {
    result = avcodec_receive_frame(impl.context.get(), impl.picture.get());
  }
  if (result < 0 || too_many) {
    impl.context.reset();  // later frames cannot be decoded from its state
    RefuseUnit(impl.codec, too_many ? "it refers to more than " +
                                          std::to_string(impl.codec.max_references) + " pictures"
                                    : libav::ErrorText(result));
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

Image VideoDecoder::Impl::Show(FrameSize declared) {
  if (picture->format != AV_PIX_FMT_YUV420P || picture->interlaced_frame != 0) {
    RefuseUnit(codec, "it is not progressive 4:2:0 of 8 bits in limited range");
  }
  if (FrameSize{picture->width, picture->height} != size) {
    RefuseUnit(codec, "its size is " + SizeText({picture->width, picture->height}) +
                          " where the frame's is " + SizeText(declared));
  }
  if ((picture->flags & AV_FRAME_FLAG_CORRUPT) != 0 || picture->decode_error_flags != 0) {
    RefuseUnit(codec, "its pixels are damaged, or those of a picture that it refers to");
  }
  if (!scaler) {
    scaler = FromPicture(size);
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
