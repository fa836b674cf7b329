#include "api/client/handed_encoder.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "api/library_encoder.h"
#include "wire/image_encoder.h"

namespace shadowtutor::api {

namespace {

class Adapter final : public wire::KeyFrameEncoder {
 public:
  explicit Adapter(std::unique_ptr<shadowtutor::KeyFrameEncoder> encoder)
      : encoder_(std::move(encoder)), codec_(CodecOf(encoder_->codec())) {}

  wire::FrameCodec codec() const override { return codec_; }

  std::vector<uint8_t> Encode(ImageView frame) override {
    wire::CheckFrameSize(frame.size());
    const bool begin = begin_ || frame.size() != size_ || !wire::IsVideo(codec_);
    std::vector<uint8_t> bytes = encoder_->Encode(frame, begin);
    begin_ = false;
    size_ = frame.size();
    if (!wire::IsVideo(codec_)) return bytes;
    sequence_ = begin ? 0 : wire::NextSequence(sequence_);
    bytes.insert(bytes.begin(), sequence_);
    return bytes;
  }

  // The program's encoder has a quality of its own.
  void SetPictures(const distill::KeyFramePictures&) override {}
  void Restart() override { begin_ = true; }

 private:
  const std::unique_ptr<shadowtutor::KeyFrameEncoder> encoder_;
  const wire::FrameCodec codec_;
  bool begin_ = true;  // the next frame is predicted from none
  FrameSize size_;     // of the last frame
  uint8_t sequence_ = 0;
};

std::unique_ptr<KeyFrameEncoder> Made(
    const std::function<std::unique_ptr<KeyFrameEncoder>()>& make) {
  std::unique_ptr<KeyFrameEncoder> encoder = make();
  if (!encoder) {
    throw Error(ErrorCode::kInvalidArgument, "the function that makes encoders made none");
  }
  return encoder;
}

}  // namespace

HandedEncoder TakeEncoder(std::function<std::unique_ptr<KeyFrameEncoder>()> make) {
  if (!make) return {};
  const std::unique_ptr<KeyFrameEncoder> first = Made(make);
  const wire::FrameCodec handed = CodecOf(first->codec());
  if (const auto* library = dynamic_cast<const LibraryEncoder*>(first.get())) {
    return {handed, library->factory()};
  }
  // A server that cannot decode the program's codec wants JPEG.
  return {handed,
          [make = std::move(make), handed](
              wire::FrameCodec codec,
              const wire::KeyFrameQuality& quality) -> std::unique_ptr<wire::KeyFrameEncoder> {
            if (codec == handed) return std::make_unique<Adapter>(Made(make));
            return wire::MakeImageEncoder(codec, quality);
          }};
}

}  // namespace shadowtutor::api
