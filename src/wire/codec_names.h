// What codecs are called on the command line, in results and in logs.
#ifndef SHADOWTUTOR_WIRE_CODEC_NAMES_H_
#define SHADOWTUTOR_WIRE_CODEC_NAMES_H_

#include <string>
#include <vector>

#include "wire/frame_codec.h"
#include "wire/label_codec.h"
#include "wire/segment.h"
#include "wire/update_codec.h"

namespace shadowtutor::wire {

/// "raw", "jpeg", "h264", "vp9", "av1".
const char* NameOf(FrameCodec codec);
/// "fp32", "fp16", "coded".
const char* NameOf(UpdateCodec codec);
/// "raw", "jpeg", "h264".
const char* NameOf(VideoCodec codec);
/// "png", "rle", "coded".
const char* NameOf(LabelCodec codec);

/// All names, for those who list what there is.
std::vector<std::string> FrameCodecNames();
std::vector<std::string> UpdateCodecNames();
std::vector<std::string> VideoCodecNames();
std::vector<std::string> LabelCodecNames();

/// Throw Error kInvalidArgument for a name that no codec has.
FrameCodec ParseFrameCodec(const std::string& name);
UpdateCodec ParseUpdateCodec(const std::string& name);
VideoCodec ParseVideoCodec(const std::string& name);
LabelCodec ParseLabelCodec(const std::string& name);

}  // namespace shadowtutor::wire

#endif  // SHADOWTUTOR_WIRE_CODEC_NAMES_H_
