// Key frames as video: each is predicted from the ones before, which takes a third of JPEG's
// traffic. Component: video, which links FFmpeg's libavcodec.
//
//   using namespace shadowtutor;
//   ConnectOptions options;
//   options.encoder = [] { return MakeVideoEncoder(KeyFrameCodec::kH264); };
//   auto client = Client::Connect(server, options);
#ifndef SHADOWTUTOR_VIDEO_ENCODER_H_
#define SHADOWTUTOR_VIDEO_ENCODER_H_

#include <memory>

#include "shadowtutor/link.h"

namespace shadowtutor {

/// Throws Error kFailedPrecondition when this system's libavcodec has no encoder for the codec.
/// Thread safety: any thread.
std::unique_ptr<KeyFrameEncoder> MakeVideoEncoder(KeyFrameCodec codec);

}  // namespace shadowtutor

#endif  // SHADOWTUTOR_VIDEO_ENCODER_H_
