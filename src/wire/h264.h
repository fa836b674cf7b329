// H.264 as VideoEncoder and VideoDecoder (wire/video_coder.h) have it: access units in Annex B.
#ifndef SHADOWTUTOR_WIRE_H264_H_
#define SHADOWTUTOR_WIRE_H264_H_

namespace shadowtutor::wire {

/// x264's rate factor for a video of which every frame is sent.
inline constexpr int kDefaultH264Crf = 23;

/// In how many slices a picture may be cut, and to how many earlier pictures a stream may refer.
inline constexpr int kMaxH264Slices = 16;
inline constexpr int kMaxH264References = 4;

}  // namespace shadowtutor::wire

#endif  // SHADOWTUTOR_WIRE_H264_H_
