// Decoded pictures as the product's frames: 8-bit BGR, upright. Internal to video/.
#ifndef SHADOWTUTOR_VIDEO_PICTURE_H_
#define SHADOWTUTOR_VIDEO_PICTURE_H_

#include <cstdint>
#include <string>

#include "shadowtutor/types.h"
#include "video/av_handles.h"
#include "video/orientation.h"

namespace shadowtutor::video::internal {

/// Whether a picture has pixels and is within kMaxFrameSide and kMaxFramePixels.
bool IsPictureSize(FrameSize size);
/// Throws Error kResourceExhausted for pictures over kMaxFrameSide or kMaxFramePixels, kDataLoss
/// for those without pixels. `name` names the source.
void CheckPictureSize(FrameSize size, const std::string& name);

/// A colour of a transparent pixel, laid over black.
inline uint8_t OverBlack(int color, int alpha) {
  return static_cast<uint8_t>((color * alpha + 127) / 255);
}

/// Converts decoded pictures of any size and pixel format, which may change from one to the next.
///
/// Colours: the matrix and the range that the picture declares; without a matrix BT.601 below 720
/// lines and BT.709 from there on (image files: BT.601), without a range the limited one (but the
/// full one for grey and for formats that say so). Transfer and primaries are left as they are, so
/// HDR (PQ, HLG) is not mapped to the brightness of a normal screen. Transparent parts are laid
/// over black.
///
/// Thread safety: one thread at a time.
class PictureConverter {
 public:
  enum class Without { kMatrixByLines, kMatrixOfBt601 };

  /// `name` names the source in errors. `without` decides for pictures that declare no matrix.
  explicit PictureConverter(std::string name, Without without = Without::kMatrixByLines)
      : name_(std::move(name)), without_(without) {}

  /// Throws Error as CheckPictureSize does, and kDataLoss for pixel formats that cannot be
  /// converted.
  void Convert(const AVFrame& picture, Orientation orientation, Image& upright);

 private:
  // What the scaler was made for.
  struct Kind {
    FrameSize size;
    AVPixelFormat from = AV_PIX_FMT_NONE, to = AV_PIX_FMT_NONE;
    int matrix = 0;  // one of swscale's SWS_CS_...
    bool full_range = false;
    bool operator==(const Kind&) const = default;
  };
  Kind KindOf(const AVFrame& picture) const;
  void Prepare(const Kind& kind);

  const std::string name_;
  const Without without_;
  Kind kind_;
  SwsPtr scaler_;
  FramePtr converted_;  // BGR, or BGRA before it is laid over black
};

}  // namespace shadowtutor::video::internal

#endif  // SHADOWTUTOR_VIDEO_PICTURE_H_
