#include "video/webp.h"

#include <webp/decode.h>
#include <webp/demux.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "video/picture.h"

namespace shadowtutor::video {
namespace {

constexpr size_t kFileHeader = 12;  // RIFF, the length of all that follows, WEBP
constexpr size_t kChunkHeader = 8;  // a chunk's name and the length of its data
// The data of a frame of an animation begins with its place, its size and its duration.
constexpr size_t kDurationAt = 12, kFrameHeader = 16;

// Numbers of 3 and 4 bytes, the least significant byte first.
uint32_t Number24(const uint8_t* bytes) {
  return uint32_t{bytes[0]} | uint32_t{bytes[1]} << 8 | uint32_t{bytes[2]} << 16;
}
size_t Number32(const uint8_t* bytes) { return Number24(bytes) | uint32_t{bytes[3]} << 24; }

// A frame without a duration is shown for this long, as browsers do it.
constexpr uint32_t kDefaultMilliseconds = 100;
uint32_t ShownFor(uint32_t milliseconds) {
  return milliseconds > 0 ? milliseconds : kDefaultMilliseconds;
}

struct DeleteDemuxer {
  void operator()(WebPDemuxer* demuxer) const { WebPDemuxDelete(demuxer); }
};

}  // namespace

void WebpReader::Delete::operator()(WebPAnimDecoder* decoder) const {
  WebPAnimDecoderDelete(decoder);
}

void WebpReader::Fail(ErrorCode code, const std::string& what) const {
  throw Error(code, name_ + ' ' + what);
}

WebpReader::WebpReader(std::vector<uint8_t> file, std::string name)
    : file_(std::move(file)), name_(std::move(name)) {
  Cut();
  const WebPData data{file_.data(), file_.size()};
  {
    const std::unique_ptr<WebPDemuxer, DeleteDemuxer> demuxer(WebPDemux(&data));
    if (!demuxer) Fail(ErrorCode::kDataLoss, "is damaged: libwebp cannot read it");
    const uint32_t width = WebPDemuxGetI(demuxer.get(), WEBP_FF_CANVAS_WIDTH);
    const uint32_t height = WebPDemuxGetI(demuxer.get(), WEBP_FF_CANVAS_HEIGHT);
    size_ = {static_cast<int>(width), static_cast<int>(height)};  // 24 bits at most
    internal::CheckPictureSize(size_, name_);
    frame_count_ = static_cast<int>(WebPDemuxGetI(demuxer.get(), WEBP_FF_FRAME_COUNT));
  }
  WebPAnimDecoderOptions options;
  if (!WebPAnimDecoderOptionsInit(&options)) {
    Fail(ErrorCode::kInternal, "needs another version of libwebp than this program was built for");
  }
  options.color_mode = MODE_BGRA;
  options.use_threads = 0;
  decoder_.reset(WebPAnimDecoderNew(&data, &options));
  if (!decoder_) Fail(ErrorCode::kDataLoss, "is damaged: libwebp cannot decode it");
}

WebpReader::~WebpReader() = default;

// Checks the structure as far as this is needed to make the bytes a file that libwebp reads, which
// is whole ones only: of a truncated file this leaves the pictures that are complete.
void WebpReader::Cut() {
  if (file_.size() < kFileHeader || std::memcmp(file_.data(), "RIFF", 4) != 0 ||
      std::memcmp(file_.data() + 8, "WEBP", 4) != 0) {
    Fail(ErrorCode::kDataLoss, "is not a WebP file");
  }
  // Data of an odd length has a filler byte behind it. Some programs leave out the last one, or do
  // not count it.
  const size_t length = Number32(file_.data() + 4);
  const size_t whole = kChunkHeader + length + length % 2;
  if (file_.size() + 1 == whole) file_.push_back(0);
  truncated_ = file_.size() < whole;
  const size_t end = std::min(file_.size(), whole);
  size_t complete = 0;  // where the last complete picture ends
  uint64_t milliseconds = 0;
  for (size_t at = kFileHeader; at + kChunkHeader <= end;) {
    const uint8_t* const chunk = file_.data() + at;
    const size_t data = Number32(chunk + 4);
    at += kChunkHeader + data + data % 2;
    if (at > end) break;
    const auto is = [&](const char* chunk_name) { return std::memcmp(chunk, chunk_name, 4) == 0; };
    if (is("ANMF") && data >= kFrameHeader) {
      milliseconds += ShownFor(Number24(chunk + kChunkHeader + kDurationAt));
    }
    if (is("ANMF") || is("VP8 ") || is("VP8L")) complete = at;
  }
  duration_ = static_cast<double>(milliseconds) / 1000;
  if (truncated_ && complete == 0) {
    Fail(ErrorCode::kDataLoss, "is truncated: the file ends before its first picture does");
  }
  file_.resize(truncated_ ? complete : whole);
  for (int i = 0; i < 4; ++i) {
    file_[4 + i] = static_cast<uint8_t>((file_.size() - kChunkHeader) >> (8 * i));
  }
}

bool WebpReader::Next(Image& frame, double& seconds) {
  if (frames_read_ == frame_count_) {
    if (!truncated_) return false;
    Fail(ErrorCode::kDataLoss,
         "is truncated: the file ends after its first " +
             (frame_count_ == 1 ? "picture" : std::to_string(frame_count_) + " pictures"));
  }
  uint8_t* canvas = nullptr;
  int timestamp = 0;
  damaged_ = damaged_ || !WebPAnimDecoderGetNext(decoder_.get(), &canvas, &timestamp);
  if (damaged_) {
    Fail(ErrorCode::kDataLoss,
         "is damaged: its picture number " + std::to_string(frames_read_ + 1) + " does not decode");
  }
  ++frames_read_;
  seconds = static_cast<double>(milliseconds_) / 1000;
  milliseconds_ += ShownFor(static_cast<uint32_t>(timestamp) - timestamp_);
  timestamp_ = static_cast<uint32_t>(timestamp);

  if (frame.size() != size_) frame = Image(size_.width, size_.height);
  uint8_t* out = frame.bytes().data();
  for (size_t pixel = 0; pixel < size_.pixels(); ++pixel, canvas += 4, out += 3) {
    for (int channel = 0; channel < 3; ++channel) {
      out[channel] = internal::OverBlack(canvas[channel], canvas[3]);
    }
  }
  return true;
}

}  // namespace shadowtutor::video
