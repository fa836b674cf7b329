#include "wire/key_frame_codec.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "wire/image_encoder.h"
#include "wire/jpeg.h"
#include "wire/video_coder.h"

namespace shadowtutor::wire {
namespace {

// What the rate control assumes. They come at irregular times and far less often, but x264 would
// spend far more bytes on pictures that it thinks are seen for longer.
constexpr double kKeyFramesPerSecond = 30;

// The rate factor of the first key frame, if that has no more bytes than it should, and the best
// one that is chosen for others.
constexpr int kFirstCrf = 24;
constexpr double kBestCrf = 22;
// Six more halve the bytes, about. Half of it keeps them from swinging; what is too large, as where
// the camera begins to move, is followed at once.
constexpr double kCoarserPerDoubling = 6, kFinerPerHalving = 3;

// The least by which the first key frame is coded coarser when it is too large.
constexpr double kCoarser = 2;

// Whether what `codec` needs can be made; images need nothing.
template <typename Make>
bool Works(Make&& make, FrameCodec codec, std::string* why) {
  if (!IsVideo(codec)) return true;
  try {
    make();
    return true;
  } catch (const Error& error) {
    if (why) *why = error.what();
    return false;
  }
}

class VideoKeyFrameEncoder final : public KeyFrameEncoder {
 public:
  VideoKeyFrameEncoder(FrameCodec codec, const KeyFrameQuality& quality)
      : codec_(codec), quality_(quality), crf_(quality.crf.value_or(kFirstCrf)) {}

  FrameCodec codec() const override { return codec_; }
  std::vector<uint8_t> Encode(ImageView frame) override;
  void SetPictures(const distill::KeyFramePictures& pictures) override {
    Validate(pictures);
    quality_.pictures = pictures;
  }
  void Restart() override { video_.reset(); }

 private:
  std::vector<uint8_t> EncodeFirst(ImageView frame);  // of a stream
  // The payload after its sequence number.
  std::vector<uint8_t> Numbered(std::vector<uint8_t> payload);
  void BeginStream(FrameSize size);

  const FrameCodec codec_;
  KeyFrameQuality quality_;
  std::unique_ptr<VideoEncoder> video_;  // null: a stream begins with the next frame
  FrameSize size_;
  uint8_t sequence_ = 0;  // of the next frame
  double crf_;            // of the next frame
};

// The encoder is opened with the same rate factor whatever the first frame has: x264's parameter
// sets follow from it.
void VideoKeyFrameEncoder::BeginStream(FrameSize size) {
  video_ = std::make_unique<VideoEncoder>(codec_, size, kFirstCrf, kKeyFramesPerSecond);
  size_ = size;
  sequence_ = 0;
}

std::vector<uint8_t> VideoKeyFrameEncoder::Encode(ImageView frame) {
  if (!video_ || frame.size() != size_) return EncodeFirst(frame);
  video_->SetCrf(crf_);
  std::vector<uint8_t> payload = video_->Encode(frame);
  const distill::KeyFramePictures& wanted = quality_.pictures;
  if (!quality_.crf && video_->ChangesCrf()) {
    const bool bounded = quality_.most_later_bytes < wanted.bytes;
    const int bytes = std::min(wanted.bytes, quality_.most_later_bytes);
    const double coarsest =
        std::min(bounded ? kMaxCrf : wanted.coarsest_crf, video_->CoarsestCrf());
    const double over = std::log2(static_cast<double>(payload.size()) / bytes);
    const double change = (over > 0 ? kCoarserPerDoubling : kFinerPerHalving) * over;
    crf_ = std::clamp(crf_ + change, kBestCrf, coarsest);
  }
  return Numbered(std::move(payload));
}

// Encodes the frame again, coarser, until it is small enough or may not be coarser.
std::vector<uint8_t> VideoKeyFrameEncoder::EncodeFirst(ImageView frame) {
  crf_ = quality_.crf.value_or(kFirstCrf);
  while (true) {
    BeginStream(frame.size());
    video_->SetCrf(crf_);
    std::vector<uint8_t> payload = video_->Encode(frame);
    const auto within = [&](uint64_t most, double coarsest) {
      coarsest = std::min(coarsest, video_->CoarsestCrf());
      if (payload.size() <= most || crf_ >= coarsest) return crf_;
      const double over =
          std::log2(static_cast<double>(payload.size()) / static_cast<double>(most));
      const double steps = std::floor(kCoarserPerDoubling * over / kCoarser);
      return std::min(crf_ + kCoarser * std::max(steps, 1.0), coarsest);
    };
    double next = within(quality_.most_first_bytes, kMaxCrf);
    if (!quality_.crf) {
      const distill::KeyFramePictures& wanted = quality_.pictures;
      next = std::max(next, within(static_cast<uint64_t>(wanted.first_bytes), wanted.coarsest_crf));
    }
    if (next == crf_) {
      crf_ = quality_.crf.value_or(crf_);
      return Numbered(std::move(payload));
    }
    crf_ = next;
  }
}

std::vector<uint8_t> VideoKeyFrameEncoder::Numbered(std::vector<uint8_t> payload) {
  payload.insert(payload.begin(), sequence_);
  sequence_ = NextSequence(sequence_);
  return payload;
}

}  // namespace

bool CanEncode(FrameCodec codec, std::string* why) {
  return Works([&] { VideoEncoder(codec, {16, 16}, kFirstCrf); }, codec, why);
}

bool CanDecode(FrameCodec codec, std::string* why) {
  return Works([&] { VideoDecoder{codec}; }, codec, why);
}

std::unique_ptr<KeyFrameEncoder> MakeKeyFrameEncoder(FrameCodec codec,
                                                     const KeyFrameQuality& quality) {
  if (!IsVideo(codec)) return MakeImageEncoder(codec, quality);
  Validate(quality);
  std::string why;
  if (!CanEncode(codec, &why)) throw Error(ErrorCode::kFailedPrecondition, why);
  return std::make_unique<VideoKeyFrameEncoder>(codec, quality);
}

KeyFrameDecoder::KeyFrameDecoder() = default;
KeyFrameDecoder::~KeyFrameDecoder() = default;

Image KeyFrameDecoder::DecodeVideo(FrameCodec codec, std::span<const uint8_t> payload,
                                   FrameSize declared) {
  CheckFrameSize(declared);
  if (payload.empty()) throw Error(ErrorCode::kDataLoss, "a key frame as video is empty");
  if (payload[0] == 0) {
    video_.reset();  // before there is another
    video_ = std::make_unique<VideoDecoder>(codec);
    codec_ = codec;
  } else if (!video_ || codec != codec_ || payload[0] != sequence_) {
    video_.reset();
    throw Error(ErrorCode::kDataLoss,
                "the key frame is predicted from one that is missing; the next one must begin a "
                "new stream");
  }
  try {
    Image frame = video_->Decode(payload.subspan(1), declared);
    sequence_ = NextSequence(payload[0]);
    return frame;
  } catch (...) {
    video_.reset();
    throw;
  }
}

Image KeyFrameDecoder::Decode(FrameCodec codec, std::span<const uint8_t> payload,
                              FrameSize declared) {
  switch (codec) {
    case FrameCodec::kRaw:
      return UnpackRawFrame(payload, declared);
    case FrameCodec::kJpeg:
      return DecodeJpeg(payload, declared);
    case FrameCodec::kH264:
    case FrameCodec::kVp9:
    case FrameCodec::kAv1:
      return DecodeVideo(codec, payload, declared);
  }
  throw Error(ErrorCode::kInvalidArgument,
              "the key frame is packed by an unknown codec; use raw or JPEG");
}

}  // namespace shadowtutor::wire
