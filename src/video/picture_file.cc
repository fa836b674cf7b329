#include "video/picture_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <memory>
#include <string_view>

#include "core/atomic_file.h"
#include "video/exif.h"
#include "video/picture.h"
#include "video/picture_bytes.h"
#include "video/video_decoder.h"
#include "video/webp.h"

namespace shadowtutor::video::internal {
namespace {

using std::string_view_literals::operator""sv;  // NOLINT(misc-unused-using-decls): it is used

constexpr std::array<std::string_view, 10> kExtensions = {
    ".png", ".apng", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm"};

std::string_view TextOf(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

constexpr std::string_view kPngStart = "\x89PNG\r\n\x1a\n"sv;

bool IsWebp(std::string_view text) {
  return text.size() >= 12 && text.starts_with("RIFF"sv) && text.substr(8, 4) == "WEBP"sv;
}

// By the flag in the chunk VP8X, which is the first one of an animation.
bool IsAnimatedWebp(std::string_view text) {
  constexpr size_t kFlagsAt = 20;
  constexpr int kAnimation = 0x02;
  return IsWebp(text) && text.size() > kFlagsAt && text.substr(12, 4) == "VP8X"sv &&
         (text[kFlagsAt] & kAnimation) != 0;
}

AVCodecID CodecOf(std::span<const uint8_t> bytes) {
  const std::string_view text = TextOf(bytes);
  if (text.starts_with("\xff\xd8\xff"sv)) return AV_CODEC_ID_MJPEG;
  if (text.starts_with(kPngStart)) return AV_CODEC_ID_PNG;
  if (IsWebp(text)) return AV_CODEC_ID_WEBP;
  if (text.starts_with("BM"sv)) return AV_CODEC_ID_BMP;
  if (text.starts_with("II*\0"sv) || text.starts_with("MM\0*"sv)) return AV_CODEC_ID_TIFF;
  if (text.size() > 2 && text[0] == 'P' && std::isspace(static_cast<unsigned char>(text[2]))) {
    switch (text[1]) {
      case '1':
      case '4':
        return AV_CODEC_ID_PBM;
      case '2':
      case '5':
        return AV_CODEC_ID_PGM;
      case '3':
      case '6':
        return AV_CODEC_ID_PPM;
      default:
        break;
    }
  }
  return AV_CODEC_ID_NONE;
}

// An animated PNG has a chunk acTL before the first IDAT.
bool IsAnimatedPng(std::span<const uint8_t> bytes) {
  const std::string_view text = TextOf(bytes);
  if (!text.starts_with(kPngStart)) return false;
  for (size_t at = kPngStart.size(); text.size() - at >= 12;) {
    const std::string_view type = text.substr(at + 4, 4);
    if (type == "acTL"sv) return true;
    if (type == "IDAT"sv) return false;
    const size_t length = size_t{bytes[at]} << 24 | size_t{bytes[at + 1]} << 16 |
                          size_t{bytes[at + 2]} << 8 | size_t{bytes[at + 3]};
    if (length > text.size() - at - 12) return false;
    at += 12 + length;
  }
  return false;
}

std::string ExtensionOf(const std::filesystem::path& file) {
  std::string extension = file.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return extension;
}

[[noreturn]] void Refuse(const std::string& name) {
  throw Error(
      ErrorCode::kDataLoss,
      "cannot decode the image " + name +
          ": it is damaged, truncated, or of a kind that FFmpeg cannot read; save it anew as "
          "PNG, or remove it");
}

}  // namespace

bool HasImageExtension(const std::filesystem::path& file) {
  const std::string extension = ExtensionOf(file);
  return std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

bool IsPictureFile(const std::filesystem::path& file) {
  std::array<uint8_t, 4096> start;
  const int descriptor = open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return HasImageExtension(file);
  const ssize_t size = read(descriptor, start.data(), start.size());
  close(descriptor);
  if (size <= 0) return HasImageExtension(file);
  const std::span<const uint8_t> bytes(start.data(), static_cast<size_t>(size));
  if (PictureKindOf(bytes) == PictureKind::kUnknown) return false;
  // A video of JPEGs one after the other begins as a JPEG does.
  const std::string extension = ExtensionOf(file);
  return CodecOf(bytes) != AV_CODEC_ID_MJPEG || (extension != ".mjpeg" && extension != ".mjpg");
}

std::vector<uint8_t> ReadPictureFile(const std::filesystem::path& file) {
  return ReadFile(file, kMaxPictureBytes);
}

PictureKind PictureKindOf(std::span<const uint8_t> bytes) {
  if (IsAnimatedWebp(TextOf(bytes))) return PictureKind::kAnimatedWebp;
  if (IsAnimatedPng(bytes)) return PictureKind::kAnimatedPng;
  return CodecOf(bytes) == AV_CODEC_ID_NONE ? PictureKind::kUnknown : PictureKind::kStill;
}

Image DecodePicture(std::span<const uint8_t> bytes, const std::string& name) {
  Image image;
  const Orientation orientation = FromExif(ExifOrientation(bytes));
  if (IsAnimatedWebp(TextOf(bytes))) {  // which FFmpeg's decoder does not know
    double seconds = 0;
    WebpReader reader({bytes.begin(), bytes.end()}, name);
    Image stored;
    if (!reader.Next(stored, seconds)) Refuse(name);
    TurnUpright(stored.bytes().data(), stored.size(), ptrdiff_t{3} * stored.width(), orientation,
                image);
    return image;
  }
  const AVCodecID codec = CodecOf(bytes);
  if (codec == AV_CODEC_ID_NONE) Refuse(name);
  PrepareFfmpeg();
  AVCodecParameters* parameters = OrBadAlloc(avcodec_parameters_alloc());
  const std::unique_ptr<AVCodecParameters, void (*)(AVCodecParameters*)> owner(
      parameters, [](AVCodecParameters* p) { avcodec_parameters_free(&p); });
  parameters->codec_type = AVMEDIA_TYPE_VIDEO;
  parameters->codec_id = codec;
  VideoDecoder decoder(*parameters, {1, 1}, name, DecoderUse::kPicture);
  const PacketPtr packet(OrBadAlloc(av_packet_alloc()));
  std::vector<uint8_t> rewritten;
  if (codec == AV_CODEC_ID_TIFF) bytes = rewritten = WithKnownTags(bytes, name);
  if (codec == AV_CODEC_ID_PNG) bytes = rewritten = WithoutTexts(bytes);
  if (av_new_packet(packet.get(), static_cast<int>(bytes.size())) < 0) throw std::bad_alloc();
  std::memcpy(packet->data, bytes.data(), bytes.size());
  const FramePtr picture(OrBadAlloc(av_frame_alloc()));
  decoder.Send(packet.get());
  bool decoded = decoder.Receive(*picture);
  if (!decoded) {
    decoder.Send(nullptr);
    decoded = decoder.Receive(*picture);
  }
  if (!decoded || decoder.damaged() > 0) Refuse(name);
  PictureConverter(name, PictureConverter::Without::kMatrixOfBt601)
      .Convert(*picture, orientation, image);
  return image;
}

}  // namespace shadowtutor::video::internal
