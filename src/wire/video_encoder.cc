#include <algorithm>
#include <cstring>
#include <string>

#include "core/text.h"
#include "wire/libav_codec.h"
#include "wire/video_coder.h"

namespace shadowtutor::wire {
namespace {

void CheckCrf(const LibavCodec& codec, double crf) {
  if (crf >= 0 && crf <= kMaxCrf) return;
  throw Error(ErrorCode::kInvalidArgument, "the rate factor of " + std::string(codec.name) +
                                               " must be 0 to " +
                                               std::to_string(static_cast<int>(kMaxCrf)));
}

}  // namespace

size_t MaxAccessUnitBytes(FrameSize size) { return 2 * RawFrameBytes(size) + (size_t{64} << 10); }

struct VideoEncoder::Impl {
  void Open();
  void Pad(ImageView frame) const;

  const LibavCodec& codec;
  FrameSize size;
  double crf, opened_crf = 0;
  AVRational rate;
  libav::CodecPtr context = nullptr;
  libav::FramePtr pixels = nullptr, picture = nullptr;
  libav::PacketPtr packet = nullptr;
  libav::SwsPtr scaler = nullptr;
  int64_t next = 0;
  bool force_key_frame = false;
};

void VideoEncoder::Impl::Open() {
  const AVCodec* found = avcodec_find_encoder_by_name(codec.encoder);
  if (found == nullptr) {
    const std::string library = codec.encoder_library, name = codec.name;
    throw Error(ErrorCode::kFailedPrecondition,
                "this system's libavcodec has no " + library + ", which encodes " + name +
                    "; install a libavcodec with it (Debian's has), or send frames as JPEG");
  }
  context.reset(libav::OrBadAlloc(avcodec_alloc_context3(found)));
  Silence(*context);
  context->width = Even(size).width;
  context->height = Even(size).height;
  context->pix_fmt = AV_PIX_FMT_YUV420P;
  context->framerate = rate;
  context->time_base = av_inv_q(rate);
  context->max_b_frames = 0;
  context->thread_count = 1;  // with more, the bytes would depend on the number of threads
  context->color_range = AVCOL_RANGE_MPEG;
  context->colorspace = AVCOL_SPC_SMPTE170M;
  AVDictionary* options = nullptr;
  codec.add_options(options, crf);
  const int opened = avcodec_open2(context.get(), found, &options);
  av_dict_free(&options);
  if (opened < 0) {
    throw Error(ErrorCode::kInvalidArgument,
                std::string(codec.encoder_library) + " does not take frames of " + SizeText(size) +
                    " (" + libav::ErrorText(opened) + "); send them as JPEG");
  }
  opened_crf = crf;
}

VideoEncoder::VideoEncoder(FrameCodec codec, FrameSize size, double crf, double frames_per_second) {
  const LibavCodec& found = FindLibavCodec(codec);
  CheckFrameSize(size);
  CheckCrf(found, crf);
  if (!(frames_per_second > 0)) frames_per_second = 30;
  impl_ = std::make_unique<Impl>(
      Impl{.codec = found,
           .size = size,
           .crf = crf,
           .rate = av_d2q(std::clamp(frames_per_second, 1.0, 1000.0), 1001000)});
  Impl& impl = *impl_;
  impl.Open();
  const FrameSize even = Even(size);
  impl.pixels = NewFrame(even, AV_PIX_FMT_BGR24);
  impl.picture = NewFrame(even, AV_PIX_FMT_YUV420P);
  impl.packet.reset(libav::OrBadAlloc(av_packet_alloc()));
  impl.scaler = ToPicture(even);
}

VideoEncoder::~VideoEncoder() = default;
VideoEncoder::VideoEncoder(VideoEncoder&&) noexcept = default;
VideoEncoder& VideoEncoder::operator=(VideoEncoder&&) noexcept = default;

void VideoEncoder::SetCrf(double crf) {
  CheckCrf(impl_->codec, crf);
  if (impl_->next == 0 || ChangesCrf()) impl_->crf = crf;
}

bool VideoEncoder::ChangesCrf() const { return impl_->codec.set_crf != nullptr; }

double VideoEncoder::CoarsestCrf() const { return impl_->codec.coarsest_crf; }

void VideoEncoder::ForceKeyFrame() { impl_->force_key_frame = true; }

// Copies the frame into `pixels` and repeats its last column and row where a side is odd.
void VideoEncoder::Impl::Pad(ImageView frame) const {
  const size_t row_bytes = size_t{3} * frame.width;
  for (int y = 0; y < pixels->height; ++y) {
    uint8_t* row = pixels->data[0] + ptrdiff_t{y} * pixels->linesize[0];
    std::memcpy(row, frame.row(std::min(y, frame.height - 1)), row_bytes);
    if (pixels->width > frame.width) std::memcpy(row + row_bytes, row + row_bytes - 3, 3);
  }
}

std::vector<uint8_t> VideoEncoder::Encode(ImageView frame) {
  Impl& impl = *impl_;
  if (frame.empty() || frame.size() != impl.size) {
    throw Error(ErrorCode::kInvalidArgument, "a video's frames are of one size, " +
                                                 SizeText(impl.size) + ", and this one is not");
  }
  if (impl.next == 0 && impl.codec.first_crf_is_fixed && impl.crf != impl.opened_crf) impl.Open();
  impl.Pad(frame);
  // The encoder may still use the memory of the previous frame.
  if (av_frame_make_writable(impl.picture.get()) < 0) throw std::bad_alloc();
  Convert(impl.scaler.get(), *impl.pixels, *impl.picture);
  impl.picture->pts = impl.next++;
  impl.picture->pict_type = impl.force_key_frame ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
  impl.force_key_frame = false;
  if (impl.codec.set_crf) {
    impl.codec.set_crf(*impl.context, *impl.picture, impl.opened_crf, impl.crf);
  }

  int result = avcodec_send_frame(impl.context.get(), impl.picture.get());
  if (result >= 0) result = avcodec_receive_packet(impl.context.get(), impl.packet.get());
  if (result < 0) {
    throw Error(ErrorCode::kInternal,
                std::string(impl.codec.encoder_library) +
                    " gave no access unit for a frame: " + libav::ErrorText(result));
  }
  std::vector<uint8_t> unit(impl.packet->data, impl.packet->data + impl.packet->size);
  av_packet_unref(impl.packet.get());
  return unit;
}

}  // namespace shadowtutor::wire
