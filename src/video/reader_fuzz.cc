// Fuzzes the reader of videos and pictures with whole small files: any bytes give frames within the
// bounds, or an Error. FFmpeg's own code is not instrumented unless FFmpeg is built so, too.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>

#include "shadowtutor/types.h"
#include "video/open_source.h"
#include "video/picture_file.h"

namespace {

void Check(const shadowtutor::Image& frame) {
  if (frame.empty() || std::max(frame.width(), frame.height()) > shadowtutor::kMaxFrameSide ||
      frame.size().pixels() > shadowtutor::kMaxFramePixels) {
    std::fprintf(stderr, "a frame of %dx%d\n", frame.width(), frame.height());
    std::abort();
  }
}

void ReadAsVideo(std::span<const uint8_t> bytes) {
  const int file = memfd_create("fuzz", MFD_CLOEXEC);
  if (file < 0 || write(file, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
    std::abort();
  }
  try {
    const auto source = shadowtutor::video::OpenSource("/proc/self/fd/" + std::to_string(file));
    shadowtutor::Image frame;
    constexpr int kEnough = 50;
    for (int i = 0; i < kEnough && source->Read(frame); ++i) Check(frame);
  } catch (const shadowtutor::Error&) {  // refused, as hostile bytes should be
  }
  close(file);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const uint8_t> bytes(data, size);
  ReadAsVideo(bytes);
  try {
    Check(shadowtutor::video::internal::DecodePicture(bytes, "the input"));
  } catch (const shadowtutor::Error&) {
  }
  return 0;
}
