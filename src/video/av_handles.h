// What video/ needs of FFmpeg beyond libav/handles.h: files and streams, and its settings. Internal
// to video/.
#ifndef SHADOWTUTOR_VIDEO_AV_HANDLES_H_
#define SHADOWTUTOR_VIDEO_AV_HANDLES_H_

extern "C" {
#include <libavformat/avformat.h>
}

#include <memory>

#include "libav/handles.h"

namespace shadowtutor::video::internal {

struct AvCloseInput {
  void operator()(AVFormatContext* input) const { avformat_close_input(&input); }
};
/// The owner of `pb` closes that itself.
struct AvFreeOutput {
  void operator()(AVFormatContext* output) const { avformat_free_context(output); }
};

using libav::CodecPtr;
using libav::FramePtr;
using libav::OrBadAlloc;
using libav::PacketPtr;
using libav::SwsPtr;
using InputPtr = std::unique_ptr<AVFormatContext, AvCloseInput>;
using OutputPtr = std::unique_ptr<AVFormatContext, AvFreeOutput>;

/// Turns off what FFmpeg prints to stderr: it would interrupt progress lines, repeat errors that
/// are reported anyway, and may show passwords. Bounds each piece of memory that FFmpeg takes: a
/// few bytes of a container can announce tables of gigabytes. Thread safety: any thread.
void PrepareFfmpeg();

}  // namespace shadowtutor::video::internal

#endif  // SHADOWTUTOR_VIDEO_AV_HANDLES_H_
