#include "video/picture.h"

extern "C" {
#include <libavutil/pixdesc.h>
}

#include <algorithm>
#include <utility>

#include "core/text.h"

namespace shadowtutor::video::internal {
namespace {

// From this number of lines on, video without a matrix is taken for BT.709, as players do.
constexpr int kHdLines = 720;

int MatrixOf(const AVFrame& picture, PictureConverter::Without without) {
  switch (picture.colorspace) {
    case AVCOL_SPC_BT709:
      return SWS_CS_ITU709;
    case AVCOL_SPC_FCC:
      return SWS_CS_FCC;
    case AVCOL_SPC_BT470BG:
    case AVCOL_SPC_SMPTE170M:
      return SWS_CS_ITU601;
    case AVCOL_SPC_SMPTE240M:
      return SWS_CS_SMPTE240M;
    case AVCOL_SPC_BT2020_NCL:
    case AVCOL_SPC_BT2020_CL:
      return SWS_CS_BT2020;
    default:
      return picture.height < kHdLines || without == PictureConverter::Without::kMatrixOfBt601
                 ? SWS_CS_ITU601
                 : SWS_CS_ITU709;
  }
}

// FFmpeg has formats of their own for JPEG's full range. Returns the usual format with the same
// layout.
AVPixelFormat WithoutRange(AVPixelFormat format) {
  switch (format) {
    case AV_PIX_FMT_YUVJ420P:
      return AV_PIX_FMT_YUV420P;
    case AV_PIX_FMT_YUVJ411P:
      return AV_PIX_FMT_YUV411P;
    case AV_PIX_FMT_YUVJ422P:
      return AV_PIX_FMT_YUV422P;
    case AV_PIX_FMT_YUVJ440P:
      return AV_PIX_FMT_YUV440P;
    case AV_PIX_FMT_YUVJ444P:
      return AV_PIX_FMT_YUV444P;
    default:
      return format;
  }
}

bool IsFullRange(const AVFrame& picture, const AVPixFmtDescriptor& format) {
  const auto stored = static_cast<AVPixelFormat>(picture.format);
  if (WithoutRange(stored) != stored) return true;
  if (picture.color_range != AVCOL_RANGE_UNSPECIFIED) {
    return picture.color_range == AVCOL_RANGE_JPEG;
  }
  return format.nb_components <= 2;  // grey, with or without alpha
}

bool HasAlpha(const AVPixFmtDescriptor& format) {
  return (format.flags & AV_PIX_FMT_FLAG_ALPHA) != 0 || (format.flags & AV_PIX_FMT_FLAG_PAL) != 0;
}

// Lays BGRA over black and packs it to BGR, in place.
void LayOverBlack(AVFrame& picture) {
  for (int y = 0; y < picture.height; ++y) {
    uint8_t* row = picture.data[0] + static_cast<ptrdiff_t>(picture.linesize[0]) * y;
    for (int x = 0; x < picture.width; ++x) {
      const uint8_t* from = row + ptrdiff_t{4} * x;
      uint8_t* to = row + ptrdiff_t{3} * x;
      const int alpha = from[3];
      for (int i = 0; i < 3; ++i) to[i] = OverBlack(from[i], alpha);
    }
  }
}

}  // namespace

bool IsPictureSize(FrameSize size) {
  return size.width >= 1 && size.height >= 1 &&
         std::max(size.width, size.height) <= kMaxFrameSide && size.pixels() <= kMaxFramePixels;
}

void CheckPictureSize(FrameSize size, const std::string& name) {
  if (IsPictureSize(size)) return;
  if (size.width < 1 || size.height < 1) {
    throw Error(ErrorCode::kDataLoss, name + " has frames without pixels");
  }
  throw Error(ErrorCode::kResourceExhausted, name + " has frames of " + SizeText(size) +
                                                 "; at most " + std::to_string(kMaxFrameSide) +
                                                 " a side and " + std::to_string(kMaxFramePixels) +
                                                 " pixels are taken, so scale it down first");
}

PictureConverter::Kind PictureConverter::KindOf(const AVFrame& picture) const {
  const auto stored = static_cast<AVPixelFormat>(picture.format);
  const AVPixFmtDescriptor* format = av_pix_fmt_desc_get(stored);
  if (!format || !sws_isSupportedInput(stored)) {
    throw Error(ErrorCode::kDataLoss, name_ + " has pixels of a kind that cannot be converted (" +
                                          (format ? format->name : "unknown") +
                                          "); convert it to H.264 first");
  }
  return {.size = {picture.width, picture.height},
          .from = WithoutRange(stored),
          .to = HasAlpha(*format) ? AV_PIX_FMT_BGRA : AV_PIX_FMT_BGR24,
          .matrix = MatrixOf(picture, without_),
          .full_range = IsFullRange(picture, *format)};
}

void PictureConverter::Prepare(const Kind& kind) {
  if (scaler_ && kind == kind_) return;
  const auto [width, height] = kind.size;
  // Bicubic as FFmpeg's own programs, so that the pixels are theirs.
  scaler_.reset(OrBadAlloc(sws_getContext(width, height, kind.from, width, height, kind.to,
                                          SWS_BICUBIC, nullptr, nullptr, nullptr)));
  const int* matrix = sws_getCoefficients(kind.matrix);
  sws_setColorspaceDetails(scaler_.get(), matrix, kind.full_range, matrix, /*dstRange=*/1, 0,
                           1 << 16, 1 << 16);
  // Aligned rows, because the scaler's vector code writes past the end of packed ones.
  converted_.reset(OrBadAlloc(av_frame_alloc()));
  converted_->width = width;
  converted_->height = height;
  converted_->format = kind.to;
  if (av_frame_get_buffer(converted_.get(), 0) < 0) throw std::bad_alloc();
  kind_ = kind;
}

void PictureConverter::Convert(const AVFrame& picture, Orientation orientation, Image& upright) {
  CheckPictureSize({picture.width, picture.height}, name_);
  const Kind kind = KindOf(picture);
  Prepare(kind);
  const int lines = sws_scale(scaler_.get(), picture.data, picture.linesize, 0, picture.height,
                              converted_->data, converted_->linesize);
  if (lines != picture.height) {
    throw Error(ErrorCode::kInternal, "cannot convert the colours of " + name_);
  }
  if (kind.to == AV_PIX_FMT_BGRA) LayOverBlack(*converted_);
  TurnUpright(converted_->data[0], kind.size, converted_->linesize[0], orientation, upright);
}

}  // namespace shadowtutor::video::internal
