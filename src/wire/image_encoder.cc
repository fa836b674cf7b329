#include "wire/image_encoder.h"

#include "wire/codec_names.h"
#include "wire/jpeg.h"

namespace shadowtutor::wire {
namespace {

class ImageEncoder final : public KeyFrameEncoder {
 public:
  ImageEncoder(FrameCodec codec, int jpeg_quality) : codec_(codec), jpeg_quality_(jpeg_quality) {}

  FrameCodec codec() const override { return codec_; }
  std::vector<uint8_t> Encode(ImageView frame) override {
    return codec_ == FrameCodec::kRaw ? PackRawFrame(frame) : EncodeJpeg(frame, jpeg_quality_);
  }
  void SetPictures(const distill::KeyFramePictures& pictures) override { Validate(pictures); }
  void Restart() override {}

 private:
  const FrameCodec codec_;
  const int jpeg_quality_;
};

}  // namespace

std::unique_ptr<KeyFrameEncoder> MakeImageEncoder(FrameCodec codec,
                                                  const KeyFrameQuality& quality) {
  Validate(quality);
  if (codec != FrameCodec::kRaw && codec != FrameCodec::kJpeg) {
    throw Error(ErrorCode::kFailedPrecondition,
                std::string("there is no encoder for ") + NameOf(codec) +
                    " here, only for raw pixels and JPEG; use one of these");
  }
  return std::make_unique<ImageEncoder>(codec, quality.jpeg);
}

}  // namespace shadowtutor::wire
