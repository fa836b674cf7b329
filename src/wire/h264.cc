#include "wire/h264.h"

extern "C" {
#include <libavutil/opt.h>
}

#include <string>

#include "wire/libav_codec.h"
#include "wire/video_coder.h"

namespace shadowtutor::wire {
namespace {

void AddOptions(AVDictionary*& options, double crf) {
  av_dict_set(&options, "preset", "fast", 0);
  av_dict_set(&options, "tune", "zerolatency", 0);
  av_dict_set(&options, "crf", std::to_string(crf).c_str(), 0);
  av_dict_set(&options, "forced-idr", "1", 0);
  // Parameter sets with every key frame, and no log messages: x264 ignores the context's log level.
  av_dict_set(&options, "x264-params", "repeat-headers=1:annexb=1:log=-1", 0);
}

// x264's part of libavcodec looks at its options before every frame.
void SetCrf(AVCodecContext& encoder, AVFrame&, double, double crf) {
  av_opt_set_double(encoder.priv_data, "crf", crf, 0);
}

// Checks in the headers of the NAL units that there is one picture in a bounded number of slices.
// The size is left to libavcodec, which compares it with max_pixels before it allocates.
void Check(std::span<const uint8_t> bytes, FrameSize) {
  constexpr uint8_t kSlice = 1, kPartitionA = 2, kPartitionC = 4, kKeySlice = 5;
  const auto refuse = [](const std::string& why) { RefuseUnit(H264Codec(), why); };
  int slices = 0, pictures = 0;
  for (size_t i = 0; i + 4 < bytes.size(); ++i) {
    if (bytes[i] != 0 || bytes[i + 1] != 0 || bytes[i + 2] != 1) continue;
    const uint8_t type = bytes[i + 3] & 0x1f;
    if (type >= kPartitionA && type <= kPartitionC) refuse("its slices are partitioned");
    if (type == kSlice || type == kKeySlice) {
      ++slices;
      // A slice begins with the number of its first macroblock as an Exp-Golomb code, in which 0 is
      // a single 1 bit. So a slice with this bit starts a new picture.
      if (bytes[i + 4] & 0x80) ++pictures;
    }
    i += 3;
  }
  if (pictures != 1) refuse("it holds " + std::to_string(pictures) + " pictures instead of one");
  if (slices > kMaxH264Slices) refuse("its picture is cut into too many slices");
}

}  // namespace

const LibavCodec& H264Codec() {
  static const LibavCodec codec = {
      .name = "H.264",
      .encoder = "libx264",
      .encoder_library = "x264",
      .decoders = {"h264"},
      .max_references = kMaxH264References,
      .coarsest_crf = kMaxCrf,
      .first_crf_is_fixed = false,
      .add_options = AddOptions,
      .set_crf = SetCrf,
      .check = Check,
  };
  return codec;
}

}  // namespace shadowtutor::wire
