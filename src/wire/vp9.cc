// VP9: what of it is sent and accepted, and how libvpx is asked for it.
extern "C" {
#include <libavutil/frame.h>
}

#include <array>
#include <cmath>
#include <string>

#include "core/text.h"
#include "wire/header_bits.h"
#include "wire/libav_codec.h"

namespace shadowtutor::wire {
namespace {

// libvpx's quantizer for the PSNR that x264 comes to at a rate factor: for key frames of two clips,
// measured as docs/traffic.md says.
constexpr std::array<CrfPoint, 6> kQuantizers = {
    {{0, 0}, {16, 22}, {22, 36}, {30, 51}, {36, 60}, {39, 63}}};
constexpr double kMaxQuantizer = 63;

double Quantizer(double crf) { return QuantizerOf(kQuantizers, crf); }

void AddOptions(AVDictionary*& options, double crf) {
  av_dict_set(&options, "deadline", "realtime", 0);
  av_dict_set(&options, "cpu-used", "7", 0);
  av_dict_set_int(&options, "crf", std::lround(Quantizer(crf)), 0);
  av_dict_set(&options, "b", "0", 0);              // the quality is constant, not the rate
  av_dict_set(&options, "lag-in-frames", "0", 0);  // no look-ahead
  av_dict_set(&options, "auto-alt-ref", "0", 0);   // no hidden frames
  av_dict_set(&options, "aq-mode", "0", 0);        // SetCrf needs this, and a cpu-used of 5 or more
  av_dict_set(&options, "g", "9999", 0);           // key frames only when they are asked for
}

// libavcodec passes no new quantizer on to libvpx, but the differences of regions: here, of one
// that is the whole frame.
void SetCrf(AVCodecContext&, AVFrame& frame, double opened_crf, double crf) {
  av_frame_remove_side_data(&frame, AV_FRAME_DATA_REGIONS_OF_INTEREST);
  AVFrameSideData* data = libav::OrBadAlloc(av_frame_new_side_data(
      &frame, AV_FRAME_DATA_REGIONS_OF_INTEREST, sizeof(AVRegionOfInterest)));
  AVRegionOfInterest region = {};
  region.self_size = sizeof region;
  region.bottom = frame.height;
  region.right = frame.width;
  const double change = Quantizer(crf) - std::round(Quantizer(opened_crf));
  region.qoffset = {static_cast<int>(std::lround(change)), static_cast<int>(kMaxQuantizer)};
  *reinterpret_cast<AVRegionOfInterest*>(data->data) = region;
}

// Reads the uncompressed header as far as the frame's size (VP9 bitstream specification, 6.2).
void Check(std::span<const uint8_t> unit, FrameSize padded) {
  const auto refuse = [](const std::string& why) { RefuseUnit(Vp9Codec(), why); };
  if (unit.empty()) refuse("it is empty");
  // The index of a superframe begins and ends with such a byte, and no frame ends with one.
  if ((unit.back() & 0xe0) == 0xc0) refuse("it is a superframe, which may hold several pictures");
  HeaderBits header(unit);
  if (header.Take(2) != 2) refuse("it does not begin with a frame's header");
  if (header.Take(2) != 0) refuse("it is not 4:2:0 of 8 bits");  // the profile
  if (header.Flag()) refuse("it shows an earlier picture again");
  const bool key_frame = !header.Flag();
  if (!header.Flag()) refuse("its picture is hidden");
  const bool error_resilient = header.Flag();
  const auto check_size = [&] {
    const FrameSize size{static_cast<int>(header.Take(16)) + 1,
                         static_cast<int>(header.Take(16)) + 1};
    if (header.Ended()) refuse("its header is truncated");
    if (size != padded) {
      refuse("its size is " + SizeText(size) + " where the frame's is " + SizeText(padded));
    }
  };
  if (key_frame) {
    constexpr uint32_t kSync = 0x498342, kRgb = 7;
    if (header.Take(24) != kSync) refuse("its key frame does not begin as one");
    if (header.Take(3) == kRgb || header.Flag()) refuse("it is not in limited range");
    check_size();
  } else {
    if (!error_resilient) header.Take(2);  // which contexts are reset
    header.Take(8);                        // which references are replaced
    header.Take(3 * 4);                    // three references and their signs
    // The size is that of a reference, all of which were checked, or it is written.
    if (!header.Flag() && !header.Flag() && !header.Flag()) check_size();
  }
  if (header.Ended()) refuse("its header is truncated");
}

}  // namespace

const LibavCodec& Vp9Codec() {
  static const LibavCodec codec = {
      .name = "VP9",
      .encoder = "libvpx-vp9",
      .encoder_library = "libvpx",
      // Not libvpx: it decodes all frames that follow each other in a unit, which are not looked
      // at.
      .decoders = {"vp9"},
      .max_references = 8,
      .coarsest_crf = kQuantizers.back().crf,
      .first_crf_is_fixed = true,
      .add_options = AddOptions,
      .set_crf = SetCrf,
      .check = Check,
  };
  return codec;
}

}  // namespace shadowtutor::wire
