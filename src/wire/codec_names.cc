#include "wire/codec_names.h"

#include <array>
#include <cstddef>

#include "shadowtutor/types.h"

namespace shadowtutor::wire {
namespace {

// In the order of the enums.
constexpr std::array<const char*, 5> kFrameCodecs = {"raw", "jpeg", "h264", "vp9", "av1"};
constexpr std::array<const char*, 3> kUpdateCodecs = {"fp32", "fp16", "coded"};
constexpr std::array<const char*, 3> kVideoCodecs = {"raw", "jpeg", "h264"};
constexpr std::array<const char*, 3> kLabelCodecs = {"png", "rle", "coded"};

template <typename Codec, size_t N>
Codec Parse(const std::array<const char*, N>& names, const std::string& name, const char* what) {
  std::string known;
  for (size_t i = 0; i < N; ++i) {
    if (name == names[i]) return static_cast<Codec>(i);
    known += (i == 0 ? "" : ", ") + std::string(names[i]);
  }
  throw Error(ErrorCode::kInvalidArgument, "there is no codec for " + std::string(what) +
                                               " named '" + name + "'; use one of " + known);
}

}  // namespace

const char* NameOf(FrameCodec codec) { return kFrameCodecs.at(static_cast<size_t>(codec)); }
const char* NameOf(UpdateCodec codec) { return kUpdateCodecs.at(static_cast<size_t>(codec)); }
const char* NameOf(VideoCodec codec) { return kVideoCodecs.at(static_cast<size_t>(codec)); }
const char* NameOf(LabelCodec codec) { return kLabelCodecs.at(static_cast<size_t>(codec)); }

std::vector<std::string> FrameCodecNames() { return {kFrameCodecs.begin(), kFrameCodecs.end()}; }
std::vector<std::string> UpdateCodecNames() { return {kUpdateCodecs.begin(), kUpdateCodecs.end()}; }
std::vector<std::string> VideoCodecNames() { return {kVideoCodecs.begin(), kVideoCodecs.end()}; }
std::vector<std::string> LabelCodecNames() { return {kLabelCodecs.begin(), kLabelCodecs.end()}; }

FrameCodec ParseFrameCodec(const std::string& name) {
  return Parse<FrameCodec>(kFrameCodecs, name, "key frames");
}
UpdateCodec ParseUpdateCodec(const std::string& name) {
  return Parse<UpdateCodec>(kUpdateCodecs, name, "updates");
}
VideoCodec ParseVideoCodec(const std::string& name) {
  return Parse<VideoCodec>(kVideoCodecs, name, "video frames");
}
LabelCodec ParseLabelCodec(const std::string& name) {
  return Parse<LabelCodec>(kLabelCodecs, name, "labels");
}

}  // namespace shadowtutor::wire
