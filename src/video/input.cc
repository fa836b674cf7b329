#include "video/input.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "core/text.h"
#include "shadowtutor/types.h"

namespace shadowtutor::video::internal {
namespace {

// A playlist may refer to so many files or addresses before the next packet. One that refers to
// itself would otherwise go on until the memory is full.
constexpr int kMaxReferred = 200;
// Devices that have no frame yet are asked again after this time.
constexpr std::chrono::milliseconds kDevicePause{2};
// What FFmpeg looks at before the first frame of a live stream: so many frames for their rate, and
// this time of the stream, in microseconds, for what else it holds. Its own bounds are 20 frames
// and 5 seconds.
constexpr int kProbedLiveFrames = 3;
constexpr int64_t kProbedLiveTime = AV_TIME_BASE;
// FFmpeg's own time limits are by so much longer than ours, because ours tell more.
constexpr std::chrono::milliseconds kLater{1'000};
// Decoders that FFmpeg uses to look at the first frames of streams that the container's header
// names obey this bound; those that deliver frames have exact ones (video_decoder.h).
constexpr int64_t kMaxProbedPixels = 2 * static_cast<int64_t>(kMaxFramePixels);

bool StartsWith(const std::string& text, const char* start) { return text.rfind(start, 0) == 0; }

void Set(AVDictionary** options, const char* key, const std::string& value) {
  if (av_dict_set(options, key, value.c_str(), 0) < 0) throw std::bad_alloc();
}

struct FreeOptions {
  void operator()(AVDictionary* options) const { av_dict_free(&options); }
};
using OptionsPtr = std::unique_ptr<AVDictionary, FreeOptions>;

bool IsFile(const std::string& url) { return StartsWith(url, "file:"); }
bool IsHttp(const std::string& url) {
  return StartsWith(url, "http://") || StartsWith(url, "https://");
}

// A cover, a thumbnail, and the like.
bool IsStillPicture(const AVStream& stream) {
  return (stream.disposition & (AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS |
                                AV_DISPOSITION_STILL_IMAGE)) != 0;
}

// Native decoders of VP8 and VP9 leave transparency out.
const AVCodec* DecoderFor(const AVStream& stream) {
  const AVDictionaryEntry* alpha = av_dict_get(stream.metadata, "alpha_mode", nullptr, 0);
  if (alpha && std::strcmp(alpha->value, "1") == 0) {
    const AVCodecID codec = stream.codecpar->codec_id;
    const char* name = codec == AV_CODEC_ID_VP8   ? "libvpx"
                       : codec == AV_CODEC_ID_VP9 ? "libvpx-vp9"
                                                  : nullptr;
    if (name) {
      if (const AVCodec* decoder = avcodec_find_decoder_by_name(name)) return decoder;
    }
  }
  return avcodec_find_decoder(stream.codecpar->codec_id);
}

// Text and memory dumps, of which FFmpeg makes moving pictures of text terminals.
bool IsText(const AVFormatContext& container) {
  const std::string name = container.iformat->name;
  return name == "tty" || name == "bin" || name == "xbin" || name == "adf" || name == "idf";
}

// What is wrong with an address that cannot be opened, and what to do.
std::string Advice(int error) {
  switch (error) {
    case AVERROR_HTTP_UNAUTHORIZED:
    case AVERROR_HTTP_FORBIDDEN:
      return "the server refuses access; check the user name and the password";
    case AVERROR_HTTP_NOT_FOUND:
      return "the server has nothing at this address; check its path";
    case AVERROR(ECONNREFUSED):
      return "the connection is refused; check the address and the port, and whether the server "
             "runs";
    case AVERROR_INVALIDDATA:
      return "what comes is no video that FFmpeg knows; check the address";
    default:
      return libav::ErrorText(error) +
             "; check the address, the network, the user name and the password";
  }
}

}  // namespace

Input::Input(InputRequest request) : request_(std::move(request)) {
  PrepareFfmpeg();
  Open();
  ChooseVideo();
}

bool Input::Stopped() const {
  return (request_.stop && *request_.stop) || (request_.stop_asked && request_.stop_asked());
}

int Input::Interrupted(void* self) {
  const auto& input = *static_cast<const Input*>(self);
  return input.Stopped() || std::chrono::steady_clock::now() > input.deadline_ ? 1 : 0;
}

int Input::OpenReferred(AVFormatContext* container, AVIOContext** io, const char* url, int flags,
                        AVDictionary** options) {
  auto* input = static_cast<Input*>(container->opaque);
  if (!input || ++input->referred_ > kMaxReferred) return AVERROR(EMFILE);
  return input->open_referred_(container, io, url, flags, options);
}

void Input::BeginWaiting() {
  deadline_ = std::chrono::steady_clock::now() + request_.timeout;
  referred_ = 0;
}

void Input::SetAddressOptions(AVDictionary** options) const {
  const std::string& url = request_.url;
  // A file must not make us open addresses, nor an address local files.
  if (IsFile(url)) {
    Set(options, "protocol_whitelist", "file,crypto,data");
  } else if (!request_.device) {
    Set(options, "protocol_whitelist",
        "http,https,httpproxy,tcp,tls,udp,rtp,srtp,rtmp,rtmps,rtmpt,rtmpts,ffrtmphttp,srt,crypto,"
        "data");
    const std::string microseconds = std::to_string((request_.timeout + kLater).count() * 1000);
    Set(options, StartsWith(url, "rtsp") ? "timeout" : "rw_timeout", microseconds);
  }
  // Frames that are lost on the way spoil the ones after them, so not over UDP if TCP is offered.
  if (StartsWith(url, "rtsp")) Set(options, "rtsp_flags", "prefer_tcp");
}

void Input::Open() {
  const std::string& url = request_.url;
  BeginWaiting();
  AVFormatContext* container = OrBadAlloc(avformat_alloc_context());
  container->interrupt_callback = {Interrupted, this};
  container->opaque = this;
  open_referred_ = std::exchange(container->io_open, OpenReferred);
  if (request_.device) container->flags |= AVFMT_FLAG_NONBLOCK;  // devices; see Read
  AVDictionary* options = nullptr;
  SetAddressOptions(&options);
  int error = avformat_open_input(&container, url.c_str(), request_.format, &options);
  const OptionsPtr unused_options(options);
  if (error >= 0) {
    container_.reset(container);
    if (IsText(*container)) {
      throw Error(ErrorCode::kDataLoss, request_.name + " is text, not a video");
    }
    if (!IsDescribed()) {
      if (!IsRecording()) {
        container->fps_probe_size = kProbedLiveFrames;
        container->max_analyze_duration = kProbedLiveTime;
      }
      std::vector<AVDictionary*> probing(container->nb_streams);
      for (AVDictionary*& stream : probing) {
        av_dict_set_int(&stream, "max_pixels", kMaxProbedPixels, 0);
      }
      error = avformat_find_stream_info(container, probing.data());
      for (AVDictionary*& stream : probing) av_dict_free(&stream);
    }
  }
  // What was interrupted may seem to have succeeded, or to have failed for another reason.
  const bool late = std::chrono::steady_clock::now() > deadline_;
  if (error >= 0 && !late) return;
  if (Stopped()) throw Error(ErrorCode::kCancelled, "stopped while opening " + request_.name);
  if (IsFile(url) && !late) {
    throw Error(ErrorCode::kDataLoss,
                "cannot read " + request_.name +
                    " as a video: it is truncated, damaged, not a video at all, or in a format "
                    "that FFmpeg does not know (" +
                    libav::ErrorText(error) + "); see what `ffprobe` says of it");
  }
  const std::string why =
      late || error == AVERROR(ETIMEDOUT)
          ? Format("nothing came within %.3g seconds",
                   std::chrono::duration<double>(request_.timeout).count()) +
                (IsFile(url) ? "; check the disk"
                             : "; check the address, the network, the user name and the password")
          : Advice(error);
  throw Error(ErrorCode::kUnavailable, "cannot read a video from " + request_.name + ": " + why);
}

void Input::ChooseVideo() {
  bool covers = false;
  std::string undecodable;
  int64_t best = -1;
  for (int i = 0; i < static_cast<int>(container_->nb_streams); ++i) {
    const AVStream& stream = *container_->streams[i];
    if (stream.codecpar->codec_type != AVMEDIA_TYPE_VIDEO) continue;
    if (IsStillPicture(stream)) {
      covers = true;
      continue;
    }
    const AVCodec* decoder = DecoderFor(stream);
    if (!decoder) {
      undecodable = avcodec_get_name(stream.codecpar->codec_id);
      continue;
    }
    const int64_t pixels =
        int64_t{1} * std::max(0, stream.codecpar->width) * std::max(0, stream.codecpar->height);
    const bool is_default = (stream.disposition & AV_DISPOSITION_DEFAULT) != 0;
    const int64_t merit = pixels + (is_default ? int64_t{1} << 40 : 0);
    if (merit <= best) continue;
    best = merit;
    video_ = i;
    decoder_ = decoder;
  }
  if (video_ >= 0) return;
  const std::string& name = request_.name;
  if (!undecodable.empty()) {
    throw Error(ErrorCode::kDataLoss, "cannot decode " + name +
                                          ": this system's FFmpeg has no decoder for " +
                                          undecodable + "; convert it to H.264 first");
  }
  throw Error(ErrorCode::kDataLoss,
              name + (covers ? " has a cover picture but no video" : " holds no video") +
                  "; see what `ffprobe` says of it");
}

ReadResult Input::Read(AVPacket& packet) {
  BeginWaiting();
  for (;;) {
    const int error = av_read_frame(container_.get(), &packet);
    if (error >= 0) return ReadResult::kPacket;
    if (error == AVERROR(ENOMEM)) throw std::bad_alloc();
    if (Stopped()) return ReadResult::kStopped;
    if (error == AVERROR_EXIT || error == AVERROR(ETIMEDOUT)) return ReadResult::kTimedOut;
    if (error == AVERROR(EAGAIN)) {
      if (Interrupted(this)) return ReadResult::kTimedOut;
      std::this_thread::sleep_for(kDevicePause);
      continue;
    }
    // Some containers report the end also when reading failed.
    const int io = container_->pb ? container_->pb->error : 0;
    // A server of HTTP that states no length ends by closing the connection, which is an error to
    // FFmpeg. Wholeness sees whether something is missing.
    if (io == AVERROR(EIO) && IsHttp(request_.url) && avio_size(container_->pb) <= 0) {
      return ReadResult::kEnd;
    }
    if (error == AVERROR_EOF && (io == 0 || io == AVERROR_EOF)) return ReadResult::kEnd;
    failure_ = libav::ErrorText(error == AVERROR_EOF ? io : error);
    return ReadResult::kFailed;
  }
}

bool Input::IsRecording() const {
  if (IsFile(request_.url)) return true;
  if (!IsHttp(request_.url) || std::strstr(container_->iformat->name, "mpjpeg")) return false;
  const bool has_length = container_->pb && avio_size(container_->pb) > 0;
  return has_length || (container_->duration > 0 &&
                        container_->duration_estimation_method == AVFMT_DURATION_FROM_STREAM);
}

bool Input::IsPictureBehindAddress() const {
  const std::string format = container_->iformat->name;
  return IsHttp(request_.url) && (format.ends_with("_pipe") || format == "image2");
}

std::vector<uint8_t> Input::ReadAddress(size_t most) {
  BeginWaiting();
  const AVIOInterruptCB interrupt = {Interrupted, this};
  AVDictionary* options = nullptr;
  SetAddressOptions(&options);
  AVIOContext* io = nullptr;
  int error = avio_open2(&io, request_.url.c_str(), AVIO_FLAG_READ, &interrupt, &options);
  const OptionsPtr unused_options(options);
  const std::unique_ptr<AVIOContext, void (*)(AVIOContext*)> owner(
      io, [](AVIOContext* opened) { avio_closep(&opened); });
  std::vector<uint8_t> bytes;
  const int64_t announced = error >= 0 ? avio_size(io) : -1;
  constexpr size_t kPieceBytes = size_t{1} << 16;
  while (error >= 0) {
    if (bytes.size() > most) {
      throw Error(ErrorCode::kResourceExhausted,
                  request_.name + " is larger than " + std::to_string(most) + " bytes");
    }
    const size_t before = bytes.size();
    bytes.resize(before + kPieceBytes);
    error = avio_read(io, bytes.data() + before, static_cast<int>(kPieceBytes));
    bytes.resize(before + static_cast<size_t>(std::max(error, 0)));
    if (error == 0) break;
  }
  // A server that states no length ends by closing, which is an error to FFmpeg.
  const bool ended =
      error == 0 || error == AVERROR_EOF || (error == AVERROR(EIO) && announced <= 0);
  if (!ended || bytes.empty()) {
    throw Error(ErrorCode::kUnavailable,
                "cannot read " + request_.name + ": " + Advice(error < 0 ? error : AVERROR_EOF));
  }
  return bytes;
}

bool Input::IsDescribed() const {
  if (request_.device) return true;
  if (IsRecording()) return false;
  const std::string format = container_->iformat->name;
  if (format != "rtsp" && format != "sdp" && format != "mpjpeg") return false;
  int videos = 0;
  for (unsigned i = 0; i < container_->nb_streams; ++i) {
    const AVCodecParameters& stream = *container_->streams[i]->codecpar;
    if (stream.codec_type != AVMEDIA_TYPE_VIDEO) continue;
    if (stream.codec_id == AV_CODEC_ID_NONE) return false;
    ++videos;
  }
  return videos == 1;
}

bool Input::HasTimes() const {
  if (IsRecording()) return true;
  const AVInputFormat& format = *container_->iformat;
  return (format.flags & AVFMT_NOTIMESTAMPS) == 0 && !std::strstr(format.name, "mpjpeg");
}

}  // namespace shadowtutor::video::internal
